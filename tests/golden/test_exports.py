"""Written sitemaps are, byte for byte, those that other programs read."""

from __future__ import annotations

import pytest

from tests.golden.exports import FOLDER, files


@pytest.mark.parametrize("name", sorted(files()))
def test_file_is_as_pinned(name: str) -> None:
    assert files()[name].encode() == (FOLDER / name).read_bytes()


def test_nothing_else_is_pinned() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(files())
