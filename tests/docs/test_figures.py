"""The README's figures of the model are those of its card."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CARD = (ROOT / "src/forecourt/models/default/MODEL_CARD.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("what", ["image type", "colour, as decided", "colour, most probable"])
def test_readme_gives_the_figure_of_the_card(what: str) -> None:
    """Colour twice: what the sitemap shows is not always the most probable one."""
    row = rf"^\| {what} \| .*? \| ([\d.]+) % \| ([\d.]+) %-([\d.]+) % \|$"
    ((share, low, high),) = re.findall(row, CARD, re.MULTILINE)
    assert re.search(rf"\| {share} % \((?:95 % interval )?{low}-{high}\) \|", README)
