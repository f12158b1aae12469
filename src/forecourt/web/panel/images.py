"""One image: large, with all that is known of it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import FileResponse, Response

from forecourt import review
from forecourt.core.errors import NotFoundError
from forecourt.core.labels import COLORS, IMAGE_TYPES
from forecourt.core.records import LONGEST_ADVERTISER
from forecourt.review import Picture
from forecourt.store.engine import reading
from forecourt.web.api.fields import LARGEST_ID
from forecourt.web.panel.keys import COLOR_KEYS, TYPE_KEYS
from forecourt.web.panel.pages import Reader, SignedIn, check_may_see, render
from forecourt.web.service import Served, Service

router = APIRouter()
_FOR_A_DAY = "private, max-age=86400"
_NOT_NOW = "private, max-age=60"  # the large picture may be had again soon

ImageId = Annotated[int, Path(ge=1, le=LARGEST_ID)]
Whose = Annotated[str, Query(max_length=LONGEST_ADVERTISER, pattern=r"^[^\x00]*$")]


@router.get("/images/{image_id}")
def show_image(
    service: Served, request: Request, reader: Reader, image_id: ImageId, advertiser: Whose = ""
) -> Response:
    """Show an image as an advertiser's sitemap has it; staff need not say whose."""
    picture = _load(service, reader, image_id, advertiser)
    return render(
        request,
        reader,
        "image.html",
        picture=picture,
        advertiser=picture.shown.advertiser if picture.shown else advertiser or None,
        champion=service.version_for(picture.shown.advertiser if picture.shown else None),
        type_keys=TYPE_KEYS,
        color_keys=COLOR_KEYS,
        image_types=IMAGE_TYPES,
        colors=COLORS,
    )


def _load(service: Service, reader: SignedIn, image_id: int, advertiser: str) -> Picture:
    with reading(service.engine) as connection:
        if reader.is_staff:
            return review.load_picture(
                connection,
                image_id,
                advertiser=advertiser or None,
                model_version=service.version_for(advertiser or None),
            )
        own = reader.principal.advertiser or ""
        check_may_see(reader, advertiser or own)
        return review.load_own_picture(
            connection, image_id, own, model_version=service.version_for(own)
        )


@router.get("/pictures/{image_id}.jpg")
def get_picture(service: Served, reader: Reader, image_id: ImageId, advertiser: Whose) -> Response:
    """Answer with a large picture, fetched anew; with the thumbnail where it is not to be had.

    Only of an image that stands in an inventory which the reader may see, from the URL there.
    """
    check_may_see(reader, advertiser)
    with reading(service.engine) as connection:
        stored, place = review.find_place(connection, image_id, advertiser)
    data = service.pictures.find(stored, place.image.url)
    if data is not None:
        return Response(data, media_type="image/jpeg", headers={"Cache-Control": _FOR_A_DAY})
    kept = service.engines.workspace.media.path(stored.thumbnail) if stored.thumbnail else None
    if kept is None:
        raise NotFoundError("This picture is not to be had just now, and no thumbnail is kept.")
    return FileResponse(kept, media_type="image/jpeg", headers={"Cache-Control": _NOT_NOW})
