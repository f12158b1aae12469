"""Forecourt tags vehicle-inventory images by type and colour and remembers every correction."""

__version__ = "0.1.0"
