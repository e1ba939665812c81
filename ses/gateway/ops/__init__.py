"""For load balancers and monitoring: health and metrics."""
