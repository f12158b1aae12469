"""Style sheets and scripts: read once, addressed by their content, kept by browsers for a year."""

from __future__ import annotations

import hashlib
import mimetypes
from functools import cache
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import Response

from forecourt.core.errors import NotFoundError

router = APIRouter()
_FOLDER = Path(__file__).parents[1] / "static"
_FOR_A_YEAR = "public, max-age=31536000, immutable"


@cache
def _load() -> tuple[str, dict[str, bytes]]:
    """Return a digest of all files, and the files by name.

    One digest for all: modules import each other by relative names, so that they stand in one
    folder, and a new release has all of them under new addresses.
    """
    files = {path.name: path.read_bytes() for path in sorted(_FOLDER.iterdir()) if path.is_file()}
    digest = hashlib.sha256()
    for name, data in files.items():
        digest.update(f"{name} {len(data)}\n".encode() + data)
    return digest.hexdigest()[:16], files


def url_of(name: str) -> str:
    """Return the address of a file.

    Raises:
        KeyError: there is no such file.
    """
    digest, files = _load()
    if name not in files:
        raise KeyError(name)
    return f"/panel/static/{digest}/{name}"


@router.get("/static/{digest}/{name}")
def get_asset(digest: str, name: str) -> Response:
    """Answer with a file; under the address of another release, with what there is now."""
    current, files = _load()
    data = files.get(name)
    if data is None:
        raise NotFoundError(f"There is no file {name!r}.")
    media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    kept = _FOR_A_YEAR if digest == current else "no-store"
    return Response(data, media_type=media_type, headers={"Cache-Control": kept})
