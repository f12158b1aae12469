"""Request bodies that are files: onto the disk as they come, never whole in memory."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import anyio
import anyio.to_thread
from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from forecourt.web.problems import ProblemError

_MULTIPART = "multipart/form-data"


@asynccontextmanager
async def received_file(
    request: Request, *, folder: Path, field: str, name: str, max_bytes: int
) -> AsyncIterator[tuple[Path, str]]:
    """Keep the body, or the file of a form, for as long as the context lasts.

    Args:
        request: Its body is the file itself, or a form with the file in `field`.
        folder: Where to keep it; made if it is not there.
        field: Of the form.
        name: What to call it where nobody says.
        max_bytes: Longest body taken.

    Yields:
        Where it is, and what its sender calls it.

    Raises:
        ProblemError: too long (413), or a form without that field (422).
    """
    _refuse_length(request, max_bytes)
    path = await anyio.to_thread.run_sync(_make_file, folder)
    try:
        if request.headers.get("content-type", "").startswith(_MULTIPART):
            name = await _receive_form(request, path, field, max_bytes) or name
        else:
            await _receive(request.stream(), path, max_bytes)
        yield path, name
    finally:
        with anyio.CancelScope(shield=True):  # also where the sender has gone away
            await anyio.to_thread.run_sync(partial(path.unlink, missing_ok=True))


def _make_file(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, prefix="upload-", delete=False) as file:
        return Path(file.name)


def _refuse_length(request: Request, max_bytes: int) -> None:
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > max_bytes + (1 << 16):  # a form has its own words
        raise _too_large(max_bytes)


async def _receive_form(request: Request, path: Path, field: str, max_bytes: int) -> str | None:
    try:
        async with request.form(max_files=1, max_fields=8) as form:
            given = form.get(field)
            if not isinstance(given, UploadFile):
                raise ProblemError(
                    422, "invalid", f"The form has no file in the field `{field}`; add it."
                )
            await _receive(_chunks(given), path, max_bytes)
            return given.filename
    except HTTPException as error:  # what Starlette makes of a form that is broken
        raise ProblemError(422, "invalid", f"The form cannot be read: {error.detail}") from error


async def _chunks(file: UploadFile) -> AsyncIterator[bytes]:
    while chunk := await file.read(1 << 20):
        yield chunk


async def _receive(chunks: AsyncIterator[bytes], path: Path, max_bytes: int) -> None:
    size = 0
    with path.open("wb") as file:
        async for chunk in chunks:
            size += len(chunk)
            if size > max_bytes:
                raise _too_large(max_bytes)
            await anyio.to_thread.run_sync(file.write, chunk)


def _too_large(max_bytes: int) -> ProblemError:
    return ProblemError(
        413,
        "too-large",
        f"The body has more than {max_bytes:,} bytes. Send less at once, or let "
        "FORECOURT_SERVE__MAX_UPLOAD_BYTES allow more.",
    )
