"""Small pictures from our own store: nothing is ever loaded from an advertiser's server."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import FileResponse, Response

from forecourt.core.errors import NotFoundError
from forecourt.web.panel.pages import SignInNeededError, find_reader
from forecourt.web.service import Served

router = APIRouter()
_FOR_A_YEAR = "private, max-age=31536000, immutable"

Address = Annotated[str, Path(pattern="^[0-9a-f]{64}$")]


@router.get("/thumbnails/{address}.jpg")
def get_thumbnail(service: Served, request: Request, address: Address) -> Response:
    """Answer with a thumbnail, to anybody who is signed in.

    Its address is the SHA-256 of its content: only who has been shown it knows it. Requests are
    not counted, because a page has hundreds.
    """
    if find_reader(service, request) is None:
        raise SignInNeededError
    path = service.engines.workspace.media.path(address)
    if path is None:
        raise NotFoundError("This picture is not kept any more.")
    return FileResponse(path, media_type="image/jpeg", headers={"Cache-Control": _FOR_A_YEAR})
