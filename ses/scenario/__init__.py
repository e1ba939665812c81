"""The scenario language: models, reading, patterns, expressions, checks, compiled program, versions."""
