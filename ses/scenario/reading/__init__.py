"""From files to nodes: a robot's bytes, YAML 1.2 with the place of every scalar, tables."""
