"""Looking up new pictures among 1,000,000 fixed ones: exact, on one core.

The hashes are those of drawn pictures with up to a third of their bits flipped, so that they stand
in clusters as real ones do (a render in many paints, cards of one layout). Timed one look-up at a
time. Then the way in: how long it takes to read the hashes from a store in which everything is
fixed.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from forecourt.identity.visual import MAX_PDQ_DISTANCE, PDQ_BYTES, VisualIndex, make_visual_key
from forecourt.store import comparison
from forecourt.store.engine import create_engine, migrate, reading, writing
from forecourt.store.schema import acts, advertisers, fixes, images
from tests.support.scenes import scene

_BAR_S = 0.05
_SCENES = 400
_CHUNK = 50_000


def make_hashes(count: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return hashes in clusters, shape (count, 32)."""
    centres = np.stack(
        [
            np.frombuffer(make_visual_key(np.asarray(scene(seed))).pdq, np.uint8)
            for seed in range(_SCENES)
        ]
    )
    hashes = centres[rng.integers(0, _SCENES, count)]
    for start in range(0, count, _CHUNK):
        part = hashes[start : start + _CHUNK]
        share = rng.uniform(0, 1 / 3, (len(part), 1))
        flips = np.packbits(rng.random((len(part), PDQ_BYTES * 8)) < share, axis=1)
        part ^= flips
    return hashes


def measure(hashes: NDArray[np.uint8], queries: NDArray[np.uint8]) -> tuple[list[float], int]:
    """Return the seconds of each look-up, and how many near hashes were found in all."""
    index = VisualIndex(range(len(hashes)), hashes.tobytes())
    seconds, found = [], 0
    for query in queries:
        started = time.perf_counter()
        found += len(index.find(query.tobytes()))
        seconds.append(time.perf_counter() - started)
    return seconds, found


def count_by_hand(hashes: NDArray[np.uint8], query: NDArray[np.uint8]) -> int:
    bits = np.unpackbits(hashes ^ query, axis=1).sum(axis=1)
    return int((bits <= MAX_PDQ_DISTANCE).sum())


def read_from_store(hashes: NDArray[np.uint8], folder: Path) -> float:
    """Fill a store with fixed images; return how many seconds reading their hashes takes."""
    engine = create_engine(f"sqlite:///{folder / 'store.db'}")
    migrate(engine)
    now = datetime.now(UTC)
    with writing(engine) as connection:
        connection.execute(sa.insert(advertisers).values(id="acme", created_at=now))
        connection.execute(
            sa.insert(acts).values(
                id=1, kind="fix", by="b", role="staff", source="import", note="", at=now
            )
        )
        for start in range(0, len(hashes), _CHUNK):
            numbers = range(start + 1, min(start + _CHUNK, len(hashes)) + 1)
            image = {"format": "JPEG", "width": 1, "height": 1, "size_bytes": 1, "created_at": now}
            grid = bytes(192)
            connection.execute(
                sa.insert(images),
                [
                    image
                    | {"id": n, "bytes_key": f"{n:064}", "pdq": hashes[n - 1].tobytes()}
                    | {"lab_grid": grid}
                    for n in numbers
                ],
            )
            fix = {"act_id": 1, "advertiser": "acme", "everywhere": False, "url": "u"}
            connection.execute(
                sa.insert(fixes),
                [
                    fix | {"url_key": f"{n:064}", "image_id": n, "field": "image_type"}
                    for n in numbers
                ],
            )
    started = time.perf_counter()
    with reading(engine) as connection:
        ids, joined = comparison.load_fixed_hashes(connection, "acme")
        VisualIndex(ids, joined)
    seconds = time.perf_counter() - started
    assert len(ids) == len(hashes)
    engine.dispose()
    return seconds


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.visual_lookup", description=__doc__)
    parser.add_argument("--fixed", type=int, default=1_000_000)
    parser.add_argument("--new", type=int, default=1_000)
    given = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    rng = np.random.default_rng(7)
    hashes = make_hashes(given.fixed, rng)
    queries = make_hashes(given.new, rng)
    for query in queries[:20]:
        index = VisualIndex(range(len(hashes)), hashes.tobytes())
        assert len(index.find(query.tobytes())) == count_by_hand(hashes, query), "not exact"
    seconds, found = measure(hashes, queries)
    print(f"{given.new:,} look-ups among {given.fixed:,} hashes: {found:,} near ones found")
    print(f"median {np.median(seconds) * 1e3:.2f} ms, worst {max(seconds) * 1e3:.2f} ms (bar: 50)")
    with tempfile.TemporaryDirectory() as scratch:
        load_s = read_from_store(hashes, Path(scratch))
    print(f"reading the hashes from SQLite, once a scrape: {load_s:.1f} s")
    return int(max(seconds) > _BAR_S)


if __name__ == "__main__":
    sys.exit(main())
