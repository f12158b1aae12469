"""Pictures without an inventory: exactly one answer per source, in their order."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from forecourt.classify import Answer, classify, find_sources
from forecourt.core.settings import FetchSettings, VisionSettings
from forecourt.core.skips import SkipReason
from forecourt.fetch.client import Fetcher
from forecourt.vision.bundle import load_bundle
from forecourt.vision.pipeline import Pipeline, Seen, Unseen
from tests.support.image_host import ImageHost
from tests.support.pictures import jpeg
from tests.support.tiny_bundle import PAINTS

MAX_BYTES = 50_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.jpg", "a.jpg", "deep/er/c.jpg", ".hidden.jpg", ".git/d.jpg", "note.txt"):
        path = tmp_path / "pictures" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(jpeg(PAINTS["Red"]))
    return tmp_path / "pictures"


def names(sources: list[str], folder: Path) -> list[str]:
    return [os.path.relpath(found, folder) for found in find_sources(sources)]


def test_folder_gives_every_file_that_is_not_hidden(folder: Path) -> None:
    assert names([str(folder)], folder) == ["a.jpg", "b.jpg", "deep/er/c.jpg", "note.txt"]


def test_pattern_gives_what_it_matches(folder: Path) -> None:
    assert names([str(folder / "*.jpg")], folder) == ["a.jpg", "b.jpg"]
    assert names([str(folder / "**" / "c.*")], folder) == ["deep/er/c.jpg"]
    assert names([str(folder / "d*")], folder) == ["deep/er/c.jpg"]  # a folder


def test_file_whose_name_looks_like_a_pattern_is_itself(folder: Path) -> None:
    (folder / "[ab].jpg").write_bytes(b"")
    assert names([str(folder / "[ab].jpg")], folder) == ["[ab].jpg"]


@pytest.mark.parametrize("source", ["missing.jpg", "miss*.jpg", "x" * 5_000, "https://x/*.jpg", ""])
def test_what_names_nothing_is_still_a_source(source: str) -> None:
    assert list(find_sources([source])) == [source]


@pytest.fixture
def tools(tiny_bundle: Path, fetch_settings: FetchSettings) -> Iterator[tuple[Pipeline, Fetcher]]:
    settings = VisionSettings(bundle=tiny_bundle, threads=1)
    with Pipeline(load_bundle(tiny_bundle), settings) as pipeline, Fetcher(fetch_settings) as fetch:
        yield pipeline, fetch


def outcome(answer: Answer) -> str:
    seen = answer.outcome
    return str(seen.decision.color) if isinstance(seen, Seen) else str(seen.reason)


def test_files_and_urls_come_back_in_their_order(
    host: ImageHost, tools: tuple[Pipeline, Fetcher], tmp_path: Path
) -> None:
    (tmp_path / "blue.jpg").write_bytes(jpeg(PAINTS["Blue"]))
    (tmp_path / "large.bin").write_bytes(bytes(MAX_BYTES + 1))
    (tmp_path / "full.bin").write_bytes(bytes(MAX_BYTES))
    slow = host.put("/slow.jpg", jpeg(PAINTS["Green"]), delay_s=0.2)
    sources = [
        slow,
        str(tmp_path / "blue.jpg"),
        host.url("/missing.jpg"),
        str(tmp_path / "missing.jpg"),
        host.put("/page.jpg", b"<html>"),
        host.put("/red.jpg", jpeg(PAINTS["Red"])),
        str(tmp_path / "large.bin"),
        str(tmp_path / "full.bin"),
        "HTTP://10.0.0.1/private.jpg",
        "x" * 5_000,
        str(tmp_path),
        slow,
    ]
    pipeline, fetcher = tools
    answers = list(classify(sources, pipeline, fetcher, max_bytes=MAX_BYTES))
    assert [answer.source for answer in answers] == sources
    assert [outcome(answer) for answer in answers] == [
        "Green",
        "Blue",
        SkipReason.NOT_FOUND,
        SkipReason.UNREADABLE_FILE,
        SkipReason.NOT_AN_IMAGE,
        "Red",
        SkipReason.TOO_LARGE,
        SkipReason.NOT_AN_IMAGE,
        SkipReason.BLOCKED_ADDRESS,
        SkipReason.UNREADABLE_FILE,
        SkipReason.UNREADABLE_FILE,
        "Green",
    ]


def test_more_sources_than_are_held_at_once(
    tools: tuple[Pipeline, Fetcher], tmp_path: Path
) -> None:
    for n in range(150):
        (tmp_path / f"{n:03}.jpg").write_bytes(jpeg(PAINTS["Red"]) if n % 7 else b"x")
    pipeline, fetcher = tools
    taken: list[str] = []

    def sources() -> Iterator[str]:
        for path in sorted(tmp_path.glob("*.jpg")):
            taken.append(path.name)
            yield str(path)

    answers = classify(sources(), pipeline, fetcher, max_bytes=MAX_BYTES)
    next(answers)
    assert len(taken) < 150  # a bounded number in memory
    rest = list(answers)
    assert len(rest) == 149
    assert sum(isinstance(answer.outcome, Unseen) for answer in rest) == 150 // 7
