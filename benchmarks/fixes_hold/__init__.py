"""Fixes hold through what CDNs do, and travel to no wrong picture."""
