"""A small dataset version with real pictures, written without a model, and a ranking of it."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from forecourt.core.dataset import Item, LeftOut, Omission, Recipe, Split
from forecourt.core.fixes import FixField
from forecourt.core.labels import Color, ImageType
from forecourt.dataset import balance
from forecourt.dataset.card import render_card
from forecourt.dataset.doubts import Ranking, Suspect, keep_ranking
from forecourt.store.versions import DatasetVersion, NewVersion, address, datasets_folder, drafting
from tests.support.dataset_pictures import item
from tests.support.pictures import encode, paint, patchwork

MADE_AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
_TYPES = (ImageType.DEALER, ImageType.STOCK, ImageType.PLACEHOLDER)


def write_dataset(home: Path, name: str = "v1", *, pictures: int = 12) -> DatasetVersion:
    """Write a version of pictures that are Dealer and Red, Stock, Placeholder, and so on.

    The first is a PNG of 800x600 that was imported, the rest are thumbnails of our own. The last
    one is for testing.
    """
    with tempfile.TemporaryDirectory() as folder:
        placed, files = [], {}
        for number in range(pictures):
            is_import = number == 0
            data = (
                encode(paint((200, 30, 30), size=(800, 600)), "PNG")
                if is_import
                else (patchwork(number))
            )
            path = Path(folder) / str(number)
            path.write_bytes(data)
            one = _place(number, data, is_import=is_import, is_last=number == pictures - 1)
            placed.append(one)
            files[one.image] = path
        recipe = Recipe(fixes_until=MADE_AT, shares={Split.TRAIN: 0.9, Split.TEST: 0.1})
        omissions = [Omission(key="k", url="<b>x", reason=LeftOut.TOO_SMALL)]
        counts = balance.count(placed, name)
        new = NewVersion(
            name=name,
            created_at=MADE_AT,
            items=placed,
            files=files,
            owned=frozenset(),
            recipe=recipe,
            omissions=omissions,
            counts=counts,
        )
        card = render_card(
            name=name,
            created_at=MADE_AT,
            items=placed,
            omissions=omissions,
            recipe=recipe,
            counts=counts,
        )
        with drafting(datasets_folder(home), new, card=card) as draft:
            return draft.publish()


def rank_dataset(version: DatasetVersion, *, doubtful: int = 6) -> list[Item]:
    """Keep a ranking that doubts so many pictures; return them, the worst first."""
    chosen = [one for one in version.items if one.split is not Split.TEST][:doubtful]
    suspects = [
        Suspect(
            item=one,
            field=FixField.IMAGE_TYPE,
            given=one.image_type,
            likely=ImageType.DEALER if one.image_type is not ImageType.DEALER else ImageType.STOCK,
            score=-0.9 + number / 20,
            is_issue=number < 2,
        )
        for number, one in enumerate(chosen)
    ]
    keep_ranking(version, Ranking(model_version="m1", made_at=MADE_AT, suspects=tuple(suspects)))
    return chosen


def _place(number: int, data: bytes, *, is_import: bool, is_last: bool) -> Item:
    image_type = _TYPES[number % 3]
    digest = hashlib.sha256(data).hexdigest()
    is_dealer = image_type is ImageType.DEALER
    return replace(
        item(
            f"https://img.example.com/<i>{number}</i>.jpg",
            image_type,
            advertiser=f"a{number % 2}",
            split=Split.TEST if is_last else Split.TRAIN,
            color=Color.RED if is_dealer else None,
            paint=True if is_dealer else None,
        ),
        sha256=digest,
        is_thumbnail=not is_import,
        image=address(digest, ".png" if is_import else ".jpg"),
    )
