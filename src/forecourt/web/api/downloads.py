"""Files that are sent: written out first, so that what fails is a problem and not half a file."""

from __future__ import annotations

import hashlib
import io
import tempfile
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO
from urllib.parse import quote

_IN_MEMORY = 4 << 20  # bytes; a longer file is on the disk, where nobody sees it
_CHUNK = 1 << 16
_LONGEST_STEM = 100  # characters
_UNSAFE = frozenset('/\\:*?"<>|%;')


class Draft:
    """A file without a name that is being written, and later sent."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = tempfile.SpooledTemporaryFile(  # noqa: SIM115  # closed after it is sent
            max_size=_IN_MEMORY, mode="w+b", dir=str(folder)
        )
        self.text: TextIO = io.TextIOWrapper(self._file, encoding="utf-8", newline="")

    def finish(self) -> tuple[int, str]:
        """End the writing; return how many bytes there are, and a strong entity tag."""
        self.text.flush()
        self._file.seek(0)
        digest = hashlib.sha256()
        size = 0
        while chunk := self._file.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
        return size, f'"{digest.hexdigest()[:32]}"'

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes; the file is gone afterwards."""
        try:
            self._file.seek(0)
            while chunk := self._file.read(_CHUNK):
                yield chunk
        finally:
            self.close()

    def close(self) -> None:
        """Let the file go."""
        self.text.close()


def is_known(tag: str, if_none_match: str | None) -> bool:
    """Return whether a caller has a file already, by the entity tags they name (RFC 9110)."""
    given = [one.strip().removeprefix("W/") for one in (if_none_match or "").split(",")]
    return tag in given or "*" in given


def name_file(name: str, ending: str) -> str:
    """Return the Content-Disposition of a file that is called after somebody (RFC 6266, 8187).

    Args:
        name: In anybody's words. What a file system or a header takes amiss is replaced.
        ending: How the file's name ends, without the leading dot.
    """
    stem = "".join("_" if _is_unsafe(one) else one for one in name)[:_LONGEST_STEM]
    file = f"{stem.strip(' .') or 'unnamed'}-sitemap.{ending}"
    parts = (one for one in unicodedata.normalize("NFKD", file) if not unicodedata.combining(one))
    plain = "".join(one if one.isascii() and not _is_unsafe(one) else "_" for one in parts)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(file, safe='')}"


def _is_unsafe(character: str) -> bool:
    return (
        character in _UNSAFE
        or unicodedata.category(character)[0] == "C"
        or (character != " " and character.isspace())
    )
