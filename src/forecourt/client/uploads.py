"""Feeds and pictures that are sent: a path, an open file, bytes, or what becomes JSON."""

from __future__ import annotations

import io
import os
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import IO

from forecourt.core.errors import UsageError

Upload = str | os.PathLike[str] | IO[bytes] | bytes


def open_upload(
    upload: Upload, stack: ExitStack, *, name: str | None = None
) -> tuple[str, IO[bytes]]:
    """Return a name and a file that can be read again for another attempt.

    Args:
        upload: A path, bytes, or a file that is open in binary mode: all of it is sent, wherever
            it stands. One that cannot be read twice is copied to the disk first.
        stack: Closes what is opened here; the caller's own file stays open.
        name: What to call it; None: as it is called.

    Raises:
        UsageError: it cannot be read, or is open as text.
    """
    if isinstance(upload, bytes):
        return name or "upload", io.BytesIO(upload)
    if isinstance(upload, str | os.PathLike):
        path = Path(upload)
        try:
            return name or path.name, stack.enter_context(path.open("rb"))
        except OSError as error:
            raise UsageError(f"Cannot read {path}: {error.strerror}.") from error
    if isinstance(upload, io.TextIOBase):  # type: ignore[unreachable]  # it comes all the same
        raise UsageError('Open the file in binary mode: open(path, "rb").')
    called = name or Path(str(getattr(upload, "name", "upload"))).name
    if upload.seekable():
        return called, upload
    copy = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115  # the stack closes it
    shutil.copyfileobj(upload, copy)
    return called, copy
