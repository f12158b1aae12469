"""Dataset versions: what they hold, what to collect next, and looking through one by keys."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from forecourt.core.dataset import LeftOut, Split, Summary
from forecourt.core.errors import NotFoundError
from forecourt.core.labels import COLORS, IMAGE_TYPES, Color, ImageType
from forecourt.core.records import LONGEST_ADVERTISER
from forecourt.dataset.balance import KINDS, find_shortages
from forecourt.jobs.looking import open_for_looking, read_card
from forecourt.store import datasets as stored
from forecourt.store.engine import reading
from forecourt.store.manifest import is_readable
from forecourt.store.versions import datasets_folder, list_versions
from forecourt.web.api.datasets import answer_with_picture
from forecourt.web.api.fields import TEXT
from forecourt.web.panel.keys import COLOR_KEYS, TYPE_KEYS
from forecourt.web.panel.pages import (
    SignInNeededError,
    StaffReader,
    find_reader,
    render,
    url_to,
)
from forecourt.web.service import Served

router = APIRouter()
_SHORTAGES = 12
_LATEST = 20  # decisions
_LEFT_OUT = {
    LeftOut.UNDECODABLE: "no picture that can be decoded",
    LeftOut.TOO_SMALL: "too small",
    LeftOut.NO_PICTURE: "its file or its thumbnail is not there",
    LeftOut.NO_LABEL: "nobody and no model says what type it is",
    LeftOut.DUPLICATE: "the same picture, encoded anew, is in",
    LeftOut.OTHER_SIDE: "the same picture or its advertiser is on another side of the split",
    LeftOut.LABELS_DIFFER: "offered with two labels",
    LeftOut.CONTESTED: "people disagree on it, or staff call it ambiguous",
    LeftOut.FIX_REVERTED: "its fix was reverted",
    LeftOut.DROPPED: "dropped by a person",
}

Name = Annotated[str, Path(max_length=100, pattern=TEXT)]
Key = Annotated[str, Path(pattern="^[0-9a-f]{64}$")]


class Wanted(BaseModel):
    """Which pictures are looked through, as the address says it; empty: any."""

    only: Literal["doubtful", "all"] = "doubtful"
    decided: Literal["", "true", "false"] = "false"
    split: Split | Literal[""] = ""
    image_type: ImageType | Literal[""] = ""
    color: Color | Literal["", "none"] = ""
    advertiser: str = Field("", max_length=LONGEST_ADVERTISER, pattern=TEXT)


@router.get("/datasets")
def list_datasets(service: Served, request: Request, reader: StaffReader) -> Response:
    """Show the versions that this server has, the newest first."""
    found = list_versions(datasets_folder(service.settings.home))
    return render(
        request, reader, "datasets.html", versions=list(reversed(found)), splits=list(Split)
    )


@router.get("/datasets/{name}")
def show_dataset(service: Served, request: Request, reader: StaffReader, name: Name) -> Response:
    """Show what a version holds; without pyarrow, as far as its own summary tells."""
    card = read_card(service.settings.home, name)
    opened = open_for_looking(service.settings.home, name) if is_readable() else None
    if opened is None:
        return render(request, reader, "dataset_unread.html", name=name, card=card)
    with reading(service.engine) as connection:
        decided = stored.load_standing(connection, list(opened.doubts))
        latest = stored.list_decisions(connection, name, before=None, limit=_LATEST)
    shortages = find_shortages(opened.version.items)
    summary = opened.version.summary
    return render(
        request,
        reader,
        "dataset.html",
        name=name,
        summary=summary,
        splits=list(Split),
        tables=_tables(summary),
        left_out=[(_LEFT_OUT[LeftOut(why)], count) for why, count in summary.left_out.items()],
        shortages=shortages[:_SHORTAGES],
        more_shortages=max(0, len(shortages) - _SHORTAGES),
        ranking=opened.ranking,
        doubtful=len(opened.doubts),
        decided=len(decided),
        latest=latest,
        card=card,
    )


@router.get("/datasets/{name}/review")
def review_dataset(
    service: Served,
    request: Request,
    reader: StaffReader,
    name: Name,
    wanted: Annotated[Wanted, Query()],
) -> Response:
    """Show a version picture by picture; the page's script asks the API for them."""
    opened = open_for_looking(service.settings.home, name)
    given = wanted.model_dump(mode="json")
    return render(
        request,
        reader,
        "dataset_review.html",
        name=name,
        given=given,
        query={key: value for key, value in given.items() if value},
        ranking=opened.ranking,
        splits=list(Split),
        types=IMAGE_TYPES,
        colors=COLORS,
        type_keys=TYPE_KEYS,
        color_keys=COLOR_KEYS,
        clear=url_to("datasets", name, "review"),
    )


@router.get("/datasets/{name}/pictures/{key}.jpg")
def get_picture(service: Served, request: Request, name: Name, key: Key) -> Response:
    """Answer with a picture, as the API does; not counted, because a page has dozens."""
    reader = find_reader(service, request)
    if reader is None:
        raise SignInNeededError
    if not reader.is_staff:
        raise NotFoundError("There is no such page.")
    return answer_with_picture(open_for_looking(service.settings.home, name), key)


def _tables(summary: Summary) -> list[tuple[str, list[tuple[str, list[int], int]]]]:
    """Return counts as tables: a title, and rows of a class, its count by split, and in all."""
    tables = []
    for title, field, order in (
        ("Image types", "image_type", IMAGE_TYPES),
        ("Colours", "color", COLORS),
        ("Vehicle kinds", "kind", KINDS),
        ("Where labels come from", "source", ()),
    ):
        counted = [summary.counts.get(split, {}).get(field, {}) for split in Split]
        known = [str(one) for one in order]
        names = [*known, *sorted({name for one in counted for name in one} - set(known))]
        rows = [
            (name, [one.get(name, 0) for one in counted], sum(one.get(name, 0) for one in counted))
            for name in names
        ]
        tables.append((title, rows))
    return tables
