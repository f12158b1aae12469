"""Advertisers, and their sitemaps as files."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from forecourt.core.access import Scope, check_may, check_may_for
from forecourt.core.exports import (
    AdKey,
    AdOptions,
    ExportFormat,
    Imageless,
    Placeholders,
    SkippedImages,
    Written,
)
from forecourt.core.records import Role
from forecourt.sitemap import Writer, find_writer, iter_sitemap
from forecourt.store import scrapes as stored_scrapes
from forecourt.store.engine import reading
from forecourt.web.api.downloads import Draft, is_known, name_file
from forecourt.web.api.fields import Advertiser, check_scraped
from forecourt.web.api.paging import Cursor, Limit, Page, make_name_cursor, read_name_cursor
from forecourt.web.auth import Caller
from forecourt.web.paths import OF_ADVERTISER
from forecourt.web.problems import describe
from forecourt.web.service import Served, Service

router = APIRouter(tags=["sitemaps"], responses=describe(401, 403, 422, 429, 503))
_MEDIA_TYPES = {
    ExportFormat.JSON: "application/json",
    ExportFormat.CSV: "text/csv; charset=utf-8",
    ExportFormat.GOOGLE: "text/tab-separated-values; charset=utf-8",
    ExportFormat.META: "text/csv; charset=utf-8",
}
_HEADERS = {
    "ETag": "Of this very file; give it back in `If-None-Match`.",
    "Content-Disposition": "What to call the file.",
    "Sitemap-Vehicles": "Vehicles in the file.",
    "Sitemap-Images": "Images in the file.",
    "Sitemap-Left-Out": "google, meta: vehicles that are not in the file, by reason; "
    "`no_image=2, no_vin=1`.",
}


class AdvertiserOut(BaseModel):
    """Somebody whose inventory is here."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "acme"}]})

    name: str = Field(description="As in the addresses of this API.")


@router.get("/advertisers", response_model=Page[AdvertiserOut])
def list_advertisers(
    service: Served, caller: Caller, cursor: Cursor = None, limit: Limit = 50
) -> Any:
    """List advertisers by name. An advertiser sees their own alone."""
    check_may(caller, Scope.READ)
    after = read_name_cursor(cursor)
    with reading(service.engine) as connection:
        if caller.role is Role.ADVERTISER:
            own = caller.advertiser or ""
            is_here = stored_scrapes.has_advertiser(connection, own)
            names = [own] if is_here and after is None else []
        else:
            names = stored_scrapes.list_advertisers(connection, after=after, limit=limit + 1)
    following = make_name_cursor(names[limit - 1]) if len(names) > limit else None
    return {"items": [{"name": name} for name in names[:limit]], "next_cursor": following}


@router.get(
    f"{OF_ADVERTISER}/sitemap",
    response_class=Response,
    responses={
        200: {
            "description": "The file, as `forecourt export` writes it.",
            "content": {
                "application/json": {
                    "schema": {"type": "object"},
                    "example": {"advertiser": "acme", "vehicles": []},
                },
                "text/csv": {
                    "schema": {"type": "string"},
                    "examples": {
                        "csv": {"value": "advertiser,vehicle_id,...\nacme,stock-1,...\n"},
                        "meta": {"value": "vehicle_id,image,...\nstock-1,...\n"},
                    },
                },
                "text/tab-separated-values": {
                    "schema": {"type": "string"},
                    "example": "id\timage_link\t...\nstock-1\thttps://img.example.com/1.jpg\t...\n",
                },
            },
            "headers": {
                name: {"description": text, "schema": {"type": "string"}}
                for name, text in _HEADERS.items()
            },
        },
        304: {"description": "The file is the one that `If-None-Match` names."},
        **describe(404),
    },
)
def get_sitemap(
    service: Served,
    caller: Caller,
    advertiser: Advertiser,
    export_format: Annotated[
        ExportFormat, Query(alias="format", description="Form of the file.")
    ] = ExportFormat.JSON,
    skipped: Annotated[
        SkippedImages,
        Query(description="Images without an answer: as Placeholder, or left out."),
    ] = SkippedImages.PLACEHOLDER,
    placeholders: Annotated[
        Placeholders,
        Query(description="google, meta: Placeholders left out, or behind all other images."),
    ] = Placeholders.OMIT,
    imageless: Annotated[
        Imageless,
        Query(description="google, meta: vehicles without an image left out, or kept."),
    ] = Imageless.OMIT,
    key: Annotated[
        AdKey, Query(description="google, meta: what the feed that this adds to has as its id.")
    ] = AdKey.ID,
    if_none_match: Annotated[
        str | None, Header(description="Entity tags of files that the caller has.")
    ] = None,
) -> Response:
    """Send an advertiser's sitemap: their vehicles with type and colour per image."""
    check_may_for(caller, Scope.READ, advertiser)
    options = AdOptions(placeholders=placeholders, imageless=imageless, key=key)
    write = find_writer(export_format, options)
    draft = Draft(service.settings.home / "drafts")
    try:
        written = _write(service, draft, advertiser, write, skipped)
        size, tag = draft.finish()
    except BaseException:
        draft.close()
        raise
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if is_known(tag, if_none_match):
        draft.close()
        return Response(status_code=304, headers=headers)
    headers |= {
        "Content-Length": str(size),
        "Content-Disposition": name_file(advertiser, export_format.ending),
        "X-Content-Type-Options": "nosniff",
        "Sitemap-Vehicles": str(written.vehicles),
        "Sitemap-Images": str(written.images),
    }
    if written.left_out:
        left_out = sorted(written.left_out.items())
        headers["Sitemap-Left-Out"] = ", ".join(f"{why}={count}" for why, count in left_out)
    return StreamingResponse(
        draft.chunks(), headers=headers, media_type=_MEDIA_TYPES[export_format]
    )


def _write(
    service: Service, draft: Draft, advertiser: str, write: Writer, skipped: SkippedImages
) -> Written:
    with reading(service.engine) as connection:
        check_scraped(connection, advertiser)
        entries = iter_sitemap(
            connection,
            advertiser,
            model_version=service.version_for(advertiser),
            skipped=skipped,
        )
        return write(draft.text, advertiser, entries)
