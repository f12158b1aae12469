"""One run of the monitor over a large store: how long it takes, and how much memory.

1,000 advertisers with 50 vehicles of 20 images each, answered by the champion and by its
predecessor, and 30 fixes of each advertiser. All are measured and kept, twice; then one alone. Bar:
100 MB more than before the first run. On SQLite, and with `--postgresql` on a PostgreSQL of its
own.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from datetime import UTC, datetime, timedelta
from random import Random

import sqlalchemy as sa

from benchmarks.many_fixes import open_engine
from benchmarks.review_queue import analyze, fill_inventory
from forecourt import monitor
from forecourt.core.looks import GRID_BYTES, summarize
from forecourt.core.promotions import PromotionKind, RegisteredModel
from forecourt.store import registry
from forecourt.store.engine import migrate, reading, writing
from forecourt.store.oddities import keep_class_counts
from forecourt.store.schema import acts, fixes, images, predictions, scrapes

_OLD, _NEW = "benchmark-0", "benchmark-1"
_SCRAPED_AT = datetime(2026, 11, 24, 8, tzinfo=UTC)
_RELEASED_AT = _SCRAPED_AT + timedelta(days=1)
_NOW = _SCRAPED_AT + timedelta(days=8)
_IMAGES, _FIXED = 1_000, 30  # of an advertiser
_BAR_MB = 100.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.monitor_run", description=__doc__)
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
    release(engine)
    for number in range(count):
        fix(engine, number)
    analyze(engine)
    before = peak_mb()
    print(f"{engine.dialect.name}: {count * _IMAGES:,} images of {count:,} advertisers", flush=True)
    report("a run over all", engine, None)
    grown = peak_mb() - before
    report("the next one", engine, None)
    report("one advertiser", engine, "advertiser-0000")
    print(f"  memory: {grown:.0f} MB more than before", flush=True)
    return grown > _BAR_MB


def report(what: str, engine: sa.Engine, advertiser: str | None) -> None:
    cpu, wall = time.process_time(), time.monotonic()
    kept = look(engine, advertiser)
    cpu, wall = time.process_time() - cpu, time.monotonic() - wall
    print(
        f"  {what}: {cpu:.1f} s of CPU here, {wall:.1f} s; {len(kept.raised):,} alarms", flush=True
    )


def look(engine: sa.Engine, advertiser: str | None) -> monitor.Kept:
    """Look as `jobs.monitoring` does, with a model that has no files."""
    looks = summarize(bytes(GRID_BYTES) * 200)
    with reading(engine) as connection:
        period = monitor.find_period(connection, _NEW, at=_NOW)
        fixed = monitor.count_fixed(connection, period, advertiser=advertiser)
        names = monitor.list_since(connection)
    seen = {}
    for name in names if advertiser is None else [advertiser]:
        with reading(engine) as connection:
            seen[name] = monitor.measure(
                connection,
                name,
                period,
                known_since=names[name],
                fixed=fixed.get(name, monitor.Fixed()),
                looks=looks,
            )
    with writing(engine) as connection:
        return monitor.keep(connection, period, seen, advertiser=advertiser)


def release(engine: sa.Engine) -> None:
    """Let the images have an earlier model's answers too, and the champion be released after."""
    with writing(engine) as connection:
        connection.execute(sa.update(scrapes).values(finished_at=_SCRAPED_AT))
        connection.execute(sa.update(images).values(lab_grid=bytes(GRID_BYTES)))
        columns = [one for one in predictions.c if one.name != "model_version"]
        connection.execute(
            sa.insert(predictions).from_select(
                [*(one.name for one in columns), "model_version"],
                sa.select(*columns, sa.literal(_OLD)).where(predictions.c.model_version == _NEW),
            )
        )
        for (scrape_id,) in connection.execute(
            sa.select(sa.func.max(scrapes.c.id)).group_by(scrapes.c.advertiser)
        ).all():
            keep_class_counts(connection, scrape_id, model_version=_OLD)
        for version, at in ((_OLD, _SCRAPED_AT), (_NEW, _RELEASED_AT)):
            model = RegisteredModel(
                version=version,
                network_sha256="",
                manifest_sha256="",
                folder=version,
                registered_at=at,
                registered_by="ann",
            )
            registry.add_model(connection, model)
            registry.add_promotion(
                connection, PromotionKind.PROMOTE, version, by="ann", note="", reason="", at=at
            )


def fix(engine: sa.Engine, number: int) -> None:
    """Let people overrule some answers of an advertiser's."""
    act = {"kind": "fix", "by": "ann", "role": "staff", "source": "panel", "note": ""}
    with writing(engine) as connection:
        act_id = connection.execute(
            sa.insert(acts)
            .values(**act, at=_RELEASED_AT + timedelta(minutes=number))
            .returning(acts.c.id)
        ).scalar_one()
        connection.execute(
            sa.insert(fixes),
            [
                {
                    "act_id": act_id,
                    "advertiser": f"advertiser-{number:04}",
                    "everywhere": False,
                    "image_id": _IMAGES * number + place + 1,
                    "url": "https://images.example/",
                    "url_key": "none",
                    "field": "image_type",
                    "value": "Placeholder",
                    "model_version": _NEW,
                }
                for place in range(_FIXED)
            ],
        )


def peak_mb() -> float:
    """Return the most memory that this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_000


if __name__ == "__main__":
    sys.exit(main())
