"""Three registered models that tell whose an answer is: each names the colour one place further."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from forecourt import release
from forecourt.core.labels import COLORS
from forecourt.core.runs import CandidateRecord, EpochRecord, Outcome, Precision, RunRecord
from forecourt.core.settings import Settings
from forecourt.jobs.workspace import open_store
from forecourt.sitemap import iter_sitemap
from forecourt.store.engine import reading, writing
from forecourt.store.schema import predictions
from tests.support.tiny_bundle import write_tiny_bundle

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
SHIFTS = {"tiny-1": 0, "tiny-2": 1, "tiny-3": 2}


def register_three(settings: Settings, database: str | None, folder: Path) -> Settings:
    """Return settings that pin no model; tiny-1 is the champion, the others are registered."""
    vision = settings.vision.model_copy(update={"bundle": None})
    found = settings.model_copy(update={"vision": vision, "database": database})
    with open_store(found) as engine, writing(engine) as connection:
        for version, shift in SHIFTS.items():
            bundle = write_tiny_bundle(folder / version, version=version, shift=shift)
            release.register(connection, found.home, bundle, by="ann", at=NOW)
        release.promote(connection, found.home, "tiny-1", by="ann", note="", at=NOW)
    return found


def register_again(engine: sa.Engine, settings: Settings, folder: Path) -> None:
    """Register the three in a database that was emptied since."""
    with writing(engine) as connection:
        for version in SHIFTS:
            release.register(connection, settings.home, folder / version, by="ann", at=NOW)
        release.promote(connection, settings.home, "tiny-1", by="ann", note="first", at=NOW)


def answer_like(engine: sa.Engine, version: str, like: str, *, every: int = 5) -> list[int]:
    """Let a model say what another says, but of every so many images another colour; return those.

    A Placeholder keeps having none.
    """
    with writing(engine) as connection:
        query = sa.select(predictions).where(predictions.c.model_version == like)
        rows = connection.execute(query.order_by(predictions.c.image_id)).mappings().all()
        other = [row["image_id"] for row in rows if row["color"]][::every]
        for row in rows:
            changed = {"model_version": version}
            if row["image_id"] in other:
                changed["color"] = "Pink" if row["color"] != "Pink" else "Red"
            connection.execute(sa.insert(predictions).values({**row, **changed}))
    return other


def write_run(home: Path, name: str = "2026.12-1") -> None:
    """Write a run with a candidate that passes and one that is refused, and a report."""
    folder = home / "runs" / name
    folder.mkdir(parents=True)
    epoch = EpochRecord(
        number=1, loss=0.1, score=0.94, image_type=0.985, color=0.89, placeholders=0.97
    )
    candidates = tuple(
        CandidateRecord(
            number=number,
            version=f"{name}.{number}",
            numbers={"rate": 0.001},
            epochs=(epoch,),
            outcome=Outcome(
                best_epoch=1,
                score=0.94,
                placeholders=0.97,
                precision=Precision.INT8,
                parity=0.0001,
                int8_cost=0.001,
                size_bytes=9_000_000,
                finished_at=NOW,
            ),
        )
        for number in (1, 2)
    )
    record = RunRecord(
        name=name, dataset="2026.12", dataset_sha256="0" * 64, start="tiny-1",
        start_sha256="0" * 64, wanted=2, seed=7, space={}, started_at=NOW, finished_at=NOW,
        candidates=candidates,
    )  # fmt: skip
    (folder / "run.json").write_text(record.model_dump_json())
    worse = {"rule": "G3", "slice": "kind=van", "text": "kind=van: type right on 40 of 50"}
    decisions = [
        {"candidate": f"{name}.1", "verdict": "promoted", "reasons": []},
        {"candidate": f"{name}.2", "verdict": "refused", "reasons": [worse]},
    ]
    (folder / "gate.json").write_text(json.dumps({"rules": {}, "decisions": decisions}))
    (folder / "report.html").write_text("<!doctype html><title>Run</title><p>A report</p>")


def said_by(version: str, paint: str) -> str:
    """What a model says of a picture in a paint."""
    return COLORS[(COLORS.index(paint) + SHIFTS[version]) % len(COLORS)]


def answers(engine: sa.Engine, version: str) -> dict[int, str | None]:
    """The colours that a model has said, by image."""
    query = sa.select(predictions.c.image_id, predictions.c.color).where(
        predictions.c.model_version == version
    )
    with reading(engine) as connection:
        return {row.image_id: row.color for row in connection.execute(query)}


def shown(engine: sa.Engine, version: str, advertiser: str = "acme") -> list[tuple[str, str]]:
    """Colour and its reason of each image of a sitemap, where a model is the one that answers."""
    with reading(engine) as connection:
        return [
            (str(image.resolved.color.value), str(image.resolved.color.reason))
            for entry in iter_sitemap(connection, advertiser, model_version=version)
            for image in entry.images
        ]
