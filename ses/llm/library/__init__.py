"""Models on this machine's disk: fetching them, counting what they need, installing what runs them."""
