"""Mistakes to explain: answers of the model that people overruled, or labels that do not fit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from forecourt.core.fixes import Fix, FixField
from forecourt.core.labels import Color, ImageType
from forecourt.dataset.doubts import Suspect
from forecourt.store.dataset_fixes import FixedImage, iter_fixed
from forecourt.store.media import MediaFolder
from forecourt.store.versions import DatasetVersion

NO_COLOR = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One wrong answer.

    Attributes:
        name: What people call the picture: its URL or path.
        said: What the model said.
        right: What people say.
        key: Of the picture, so that it is not found as its own neighbour.
    """

    name: str
    file: Path
    key: str
    field: FixField
    said: str
    right: str
    kind: str
    advertiser: str


def find_overruled(
    connection: sa.Connection,
    media: MediaFolder,
    *,
    advertiser: str | None = None,
    since: datetime | None = None,
    act_id: int | None = None,
) -> list[Mistake]:
    """Return the answers that live fixes overrule, of pictures whose thumbnail is there.

    Args:
        connection: A connection.
        media: Where the thumbnails are.
        advertiser: Only what was fixed in this advertiser's sitemap.
        since: Only what was fixed since then.
        act_id: Only what this act fixed.
    """
    return [
        mistake
        for image in iter_fixed(connection)
        for mistake in _of_image(
            image,
            media,
            [
                fix
                for fix in image.fixes
                if fix.is_live
                and advertiser in {None, fix.advertiser}
                and act_id in {None, fix.act_id}
                and (since is None or fix.at >= since)
            ],
        )
    ]


def find_misfits(version: DatasetVersion, suspects: Iterable[Suspect]) -> list[Mistake]:
    """Return the labels that a model which has not seen their advertiser would not give."""
    return [
        Mistake(
            name=one.item.url,
            file=version.path_of(one.item),
            key=one.item.key,
            field=one.field,
            said=one.likely,
            right=one.given,
            kind=one.item.kind,
            advertiser=one.item.advertiser,
        )
        for one in suspects
        if one.score < 0
    ]


def _of_image(image: FixedImage, media: MediaFolder, fixes: list[Fix]) -> Iterator[Mistake]:
    file = media.path(image.thumbnail) if image.thumbnail else None
    if file is None or image.seen_type is None:
        return
    for field in FixField:
        fix = next((one for one in reversed(fixes) if one.field is field), None)
        said = _said(image, field)
        if fix is not None and (fix.value or NO_COLOR) != said:
            yield Mistake(
                name=fix.url,
                file=file,
                key=image.bytes_key,
                field=field,
                said=said,
                right=fix.value or NO_COLOR,
                kind=image.kind,
                advertiser=fix.advertiser,
            )


def _said(image: FixedImage, field: FixField) -> str:
    said: ImageType | Color | None = (
        image.seen_type if field is FixField.IMAGE_TYPE else image.seen_color
    )
    return said or NO_COLOR
