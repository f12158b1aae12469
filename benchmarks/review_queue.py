"""The review queue over a large store: how long it takes to fill, and a page of it.

1,000 advertisers with 50 vehicles of 20 images each, of which the model doubts one in seventeen and
feeds contradict some. The queue of each advertiser is worked out; then pages of 20 are asked for,
of all advertisers and of one: at once, after people have looked at the first 5,000 images, and at
20,000. Bar: half of the pages within 100 ms, at 5,000. On SQLite, and with `--postgresql` on a
PostgreSQL of its own.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import numpy as np
import sqlalchemy as sa

from benchmarks.many_fixes import open_engine
from forecourt import review
from forecourt.core.labels import COLORS, IMAGE_TYPES
from forecourt.core.records import Role
from forecourt.store.engine import migrate, reading, writing
from forecourt.store.schema import (
    acts,
    advertisers,
    fixes,
    images,
    predictions,
    queue_entries,
    scrapes,
    vehicle_images,
    vehicles,
)

_VEHICLES, _IMAGES_EACH = 50, 20
_MODEL = "benchmark-1"
_AT = datetime(2026, 11, 24, 8, tzinfo=UTC)
_BAR_MS = 100.0
_LOOKED_AT = 5_000


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.review_queue", description=__doc__)
    parser.add_argument("--advertisers", type=int, default=1_000)
    parser.add_argument("--postgresql", action="store_true")
    arguments = parser.parse_args()
    with open_engine(postgresql=arguments.postgresql) as engine:
        migrate(engine)
        return int(measure(engine, arguments.advertisers))


def measure(engine: sa.Engine, count: int) -> bool:
    random = Random(7)
    for number in range(count):
        fill_inventory(engine, number, random)
    analyze(engine)
    size = count * _VEHICLES * _IMAGES_EACH
    started = time.process_time(), time.monotonic()
    for number in range(count):
        with reading(engine) as connection:
            draft = review.find_candidates(connection, name_of(number), model_version=_MODEL)
        with writing(engine) as connection:
            review.fill_queue(connection, draft, at=_AT)
    cpu, wall = time.process_time() - started[0], time.monotonic() - started[1]
    analyze(engine)
    with reading(engine) as connection:
        entries = connection.scalar(sa.select(sa.func.count()).select_from(queue_entries))
    print(
        f"{engine.dialect.name}: {size:,} images of {count:,} advertisers; {entries:,} wait; "
        f"{1e6 * cpu / size:.0f} us of CPU an image here, {wall:.0f} s",
        flush=True,
    )
    missed = False
    looked_at = 0
    for target in (0, _LOOKED_AT, 4 * _LOOKED_AT):
        look_at(engine, target - looked_at)
        looked_at = target
        analyze(engine)
        median = report(f"a page, {target:,} looked at", lambda: ask(engine, None))
        missed |= target == _LOOKED_AT and median > _BAR_MS
        report("a page of one advertiser", lambda: ask(engine, name_of(count // 2)))
        report("done today", lambda: count_done(engine))
    return missed


def report(what: str, do: Callable[[], object]) -> float:
    took = []
    for _time in range(40):
        started = time.perf_counter()
        do()
        took.append(1_000 * (time.perf_counter() - started))
    median = float(np.median(took))
    print(f"  {what}: {median:.1f} ms (95th percentile {np.percentile(took, 95):.1f})", flush=True)
    return median


def ask(engine: sa.Engine, advertiser: str | None) -> None:
    with reading(engine) as connection:
        page = review.list_queue(connection, model_version=_MODEL, advertiser=advertiser, limit=20)
    assert page.items


def count_done(engine: sa.Engine) -> None:
    since = datetime.now(UTC) - timedelta(hours=12)
    with reading(engine) as connection:
        review.count_done(connection, by="person 1", role=Role.STAFF, since=since)


def look_at(engine: sa.Engine, count: int) -> None:
    """Let people confirm the first images that wait."""
    if not count:
        return
    looked = sa.exists().where(fixes.c.image_id == queue_entries.c.image_id)
    with writing(engine) as connection:
        rows = connection.execute(
            sa.select(queue_entries.c.advertiser, queue_entries.c.image_id)
            .where(~looked)
            .order_by(queue_entries.c.place)
            .limit(count)
        ).all()
        first = 1 + (connection.scalar(sa.select(sa.func.max(acts.c.id))) or 0)
        act = {"kind": "fix", "role": "staff", "source": "panel", "note": ""}
        now = datetime.now(UTC)
        connection.execute(
            sa.insert(acts),
            [
                {**act, "id": first + number, "by": f"person {number % 5}", "at": now}
                for number in range(len(rows))
            ],
        )
        connection.execute(
            sa.insert(fixes),
            [
                {
                    "act_id": first + number,
                    "advertiser": row.advertiser,
                    "everywhere": False,
                    "image_id": row.image_id,
                    "url": "https://images.example/",
                    "url_key": "none",
                    "field": field,
                    "value_from": None,
                    "value": None,
                }
                for number, row in enumerate(rows)
                for field in ("image_type", "color")
            ],
        )


def name_of(number: int) -> str:
    return f"advertiser-{number:04}"


def analyze(engine: sa.Engine) -> None:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")


def fill_inventory(engine: sa.Engine, number: int, random: Random) -> None:
    """Let an advertiser show its vehicles, with five scrapes before; ids are counted by hand."""
    name, size = name_of(number), _VEHICLES * _IMAGES_EACH
    scrape_ids = [10 * number + one + 1 for one in range(6)]
    vehicle_ids = [_VEHICLES * number + one + 1 for one in range(_VEHICLES)]
    image_ids = [size * number + one + 1 for one in range(size)]
    scrape = {"advertiser": name, "status": "finished", "feed_name": "feed", "feed_format": "none"}
    words = ("Red", "Silver Metallic", "Champagne", None)
    with writing(engine) as connection:
        connection.execute(sa.insert(advertisers).values(id=name, created_at=_AT))
        connection.execute(
            sa.insert(scrapes),
            [{**scrape, "id": one, "feed_digest": "", "received_at": _AT} for one in scrape_ids],
        )
        connection.execute(
            sa.insert(vehicles),
            [
                {
                    "id": vehicle_id,
                    "advertiser": name,
                    "vehicle_id": f"stock-{vehicle_id}",
                    "scrape_id": scrape_ids[-1],
                    "position": place,
                    "color": words[place % 4],
                    "first_seen_at": _AT,
                }
                for place, vehicle_id in enumerate(vehicle_ids)
            ],
        )
        connection.execute(sa.insert(images), [image_row(one) for one in image_ids])
        connection.execute(
            sa.insert(vehicle_images),
            [
                {
                    "vehicle_id": vehicle_ids[place // _IMAGES_EACH],
                    "scrape_id": scrape_ids[-1],
                    "position": place % _IMAGES_EACH,
                    "url": f"https://images.example/{image_id}.jpg",
                    "url_key": f"{image_id:064}",
                    "state": "tagged",
                    "image_id": image_id,
                }
                for place, image_id in enumerate(image_ids)
            ],
        )
        connection.execute(
            sa.insert(predictions),
            [
                answer_row(
                    image_id, ("Red", "Grey", "Brown", "Blue")[place // _IMAGES_EACH % 4], random
                )
                for place, image_id in enumerate(image_ids)
            ],
        )


def image_row(image_id: int) -> dict[str, Any]:
    return {
        "id": image_id,
        "bytes_key": f"{image_id:064}",
        "format": "JPEG",
        "width": 640,
        "height": 480,
        "size_bytes": 1,
        "thumbnail": f"{image_id:064}",
        "created_at": _AT,
    }


def answer_row(image_id: int, color: str, random: Random) -> dict[str, Any]:
    is_doubtful = random.random() < 1 / 17
    confidence = random.uniform(0.4, 0.94) if is_doubtful else random.uniform(0.95, 1)
    if random.random() < 0.03:  # it contradicts the feed, or the vehicle's other images
        color = random.choice(COLORS)
    return {
        "image_id": image_id,
        "model_version": _MODEL,
        "image_type": "Stock" if random.random() < 0.2 else "Dealer",
        "image_type_confidence": confidence,
        "image_type_reason": "most_probable",
        "color": color if random.random() < 0.7 else None,
        "color_confidence": random.uniform(0.5, 1),
        "color_reason": "most_probable",
        "review": is_doubtful,
        "review_reasons": ["image_type_uncertain"] if is_doubtful else [],
        "answer": {
            "image_type_probs": dict.fromkeys(IMAGE_TYPES, 0.33),
            "color_probs": dict.fromkeys(COLORS, 0.08),
            "color_visible": 0.9,
            "box": [0.1, 0.1, 0.9, 0.9],
            "several_vehicles": random.random() * 0.6,
            "kind_probs": {"car": 0.9, "boat": 0.1},
            "view_probs": {"exterior": 0.9, "interior": 0.1},
        },
        "created_at": _AT,
    }


if __name__ == "__main__":
    sys.exit(main())
