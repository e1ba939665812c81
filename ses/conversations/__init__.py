"""The pipeline: an inbound becomes durable, is answered by one turn at a time, and the answer is delivered."""
