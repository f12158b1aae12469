"""What a sitemap shows now, as test sets and as a plan of changes; on both databases."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from forecourt.core.errors import NotFoundError
from forecourt.core.labels import Color, ImageType
from forecourt.core.settings import Settings
from forecourt.evaluate.current import find_current
from forecourt.release.plan import Change, find_changes, find_shown
from forecourt.store.engine import reading
from forecourt.vision.bundle import load_bundle
from forecourt.vision.pipeline import Pipeline
from tests.support.image_host import ImageHost
from tests.support.pictures import paint
from tests.support.tiny_bundle import PAINTS, write_tiny_bundle
from tests.support.yard import ACME, Yard


@pytest.fixture
def yard(engine: sa.Engine, settings: Settings, host: ImageHost, tmp_path: Path) -> Yard:
    return Yard(engine, settings, host, tmp_path)


@pytest.fixture
def urls(yard: Yard) -> list[str]:
    """A red, a blue and a green picture; the blue one stands on two vehicles."""
    urls = [yard.put(paint(PAINTS[name], seed=3)) for name in ("Red", "Blue", "Green")]
    yard.scrape([{"id": "v1", "images": urls}, {"id": "v2", "images": [urls[1]]}])
    return urls


def test_fixed_pictures_and_all_others_are_test_sets(yard: Yard, urls: list[str]) -> None:
    yard.fix(urls[0], image_type=ImageType.STOCK)
    with reading(yard.workspace.engine) as connection:
        found = find_current(connection, yard.workspace.media, ACME, model_version="tiny-1")
    assert [one.image_type for one in found.fixed.samples] == [ImageType.STOCK]
    assert {one.color for one in found.shown.samples} == {Color.BLUE, Color.GREEN}
    for one in (*found.fixed.samples, *found.shown.samples):
        assert (found.fixed.folder / one.file).is_file()


def test_pictures_whose_thumbnail_is_gone_are_left_out(yard: Yard, urls: list[str]) -> None:
    assert urls
    for path in [one for one in yard.workspace.media.root.rglob("*") if one.is_file()]:
        path.unlink()
    with (
        reading(yard.workspace.engine) as connection,
        pytest.raises(NotFoundError, match="has an answer and a thumbnail"),
    ):
        find_current(connection, yard.workspace.media, ACME, model_version="tiny-1")


def test_a_plan_holds_what_would_be_shown_otherwise(
    yard: Yard, urls: list[str], tmp_path: Path
) -> None:
    yard.fix(urls[0], image_type=None, color=Color.PINK, sets_color=True)
    yard.fix(urls[2], image_type=ImageType.PLACEHOLDER)
    other = load_bundle(write_tiny_bundle(tmp_path / "other", version="tiny-2", shift=1))
    with reading(yard.workspace.engine) as connection:
        shown = find_shown(connection, ACME, model_version="tiny-1")
    counted: list[int] = []
    with Pipeline(other, yard.workspace.settings.vision) as pipeline:
        changes = list(
            find_changes(shown, yard.workspace.media, pipeline, on_progress=counted.append)
        )
    assert sum(counted) == len(shown) == 3
    # The colour of the first is fixed, and the third is fixed to a type that shows none.
    assert changes == [
        Change(
            advertiser=ACME,
            url=urls[1],
            type_before=ImageType.DEALER,
            type_after=ImageType.DEALER,
            color_before=Color.BLUE,
            color_after=Color.BROWN,
        )
    ]
