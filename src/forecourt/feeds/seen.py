"""Which ids a feed has had, in thirty bytes each at most: 200,000 must not fill the memory."""

from __future__ import annotations

import hashlib
from array import array

_START = 1 << 10  # a power of two
_FULL = 0.8


class SeenIds:
    """An open-addressing table of 64-bit digests and the place where each id first stood.

    Two ids with one digest would refuse a good vehicle: for 200,000 ids the odds are 1 in 10^9.
    """

    def __init__(self) -> None:
        self._digests, self._places = array("Q", [0]) * _START, array("I", [0]) * _START
        self._count = 0

    def add(self, text: str, place: int) -> int | None:
        """Remember an id at a place (1 or more); return its first place if it had come before."""
        digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        number = int.from_bytes(digest)
        slot = self._find(number)
        if self._places[slot]:
            return self._places[slot]
        self._digests[slot], self._places[slot] = number, place
        self._count += 1
        if self._count > len(self._digests) * _FULL:
            self._grow()
        return None

    def _find(self, digest: int) -> int:
        mask = len(self._digests) - 1
        slot = digest & mask
        while self._places[slot] and self._digests[slot] != digest:
            slot = (slot + 1) & mask
        return slot

    def _grow(self) -> None:
        old = zip(self._digests, self._places, strict=True)
        size = 2 * len(self._digests)
        self._digests, self._places = array("Q", [0]) * size, array("I", [0]) * size
        for digest, place in old:
            if place:
                slot = self._find(digest)
                self._digests[slot], self._places[slot] = digest, place
