"""From files to nodes: a robot's bytes, YAML 1.2 with the position of every scalar, tables."""
