"""What is measured while images are tagged; whoever runs the work may want to know."""

from __future__ import annotations

from typing import Protocol


class Meter(Protocol):
    """Told of single events, from several threads; must be quick."""

    def fetched(self, *, host_state: str, outcome: str, seconds: float) -> None:
        """Tell of one request.

        Args:
            host_state: How far the host's headers are trusted.
            outcome: "body", "headers" (no body was read) or the skip reason.
            seconds: Until the last byte, further attempts included.
        """

    def inferred(self, *, images: int, seconds: float) -> None:
        """Tell of one batch that went through the network."""


class NoMeter:
    """Measures nothing."""

    def fetched(self, *, host_state: str, outcome: str, seconds: float) -> None:
        """Tell nobody."""

    def inferred(self, *, images: int, seconds: float) -> None:
        """Tell nobody."""
