"""SES: a script engine service that leads conversations by scenarios written in YAML."""

__version__ = "0.1.0"
