"""Thumbnails in a local folder, addressed by their content: the same picture is kept once."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from forecourt.core.errors import StoreError


def address_of(data: bytes) -> str:
    """Return the address that `data` is kept under."""
    return hashlib.sha256(data).hexdigest()


class MediaFolder:
    """A folder of immutable files named by their SHA-256, 256 sub-folders wide."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @property
    def root(self) -> Path:
        """The folder that all paths lie below."""
        return self._root

    def put(self, data: bytes) -> str:
        """Keep `data` and return its address (64 hex digits); a second time costs no write.

        Raises:
            StoreError: the folder cannot be written, or is full.
        """
        address = address_of(data)
        path = self._path(address)
        if path.exists():
            return address
        try:
            _write(path, data)
        except OSError as error:
            raise StoreError(
                f"Cannot keep a thumbnail in {self._root}: {error.strerror}."
            ) from error
        return address

    def get(self, address: str) -> bytes | None:
        """Return what was kept under `address`, or None where it is gone."""
        try:
            return self._path(address).read_bytes()
        except FileNotFoundError:
            return None

    def path(self, address: str) -> Path | None:
        """Return the file kept under `address`, or None where it is gone."""
        path = self._path(address)
        return path if path.exists() else None

    def _path(self, address: str) -> Path:
        if len(address) != hashlib.sha256().digest_size * 2 or not address.isalnum():
            raise ValueError(f"{address!r} is no media address.")
        return self._root / address[:2] / address[2:4] / f"{address}.jpg"


def _write(path: Path, data: bytes) -> None:
    """Write aside and move: a reader or a crash never meets a half-written file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".draft-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(draft).chmod(0o644)  # a draft is its owner's alone; a web server reads these too
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
