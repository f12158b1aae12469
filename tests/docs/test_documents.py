"""Every document: links, decisions, words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.support.documents import ROOT, markdown_files, name_of, prose

DECISIONS = ROOT / "docs" / "decisions"


def links(path: Path) -> Iterator[str]:
    text = re.sub(r"`[^`\n]*`", "", prose(path))
    yield from re.findall(r"\]\(([^)\s]+)\)", text)


def anchors(path: Path) -> set[str]:
    """The anchors that a forge gives to headings."""
    headings = re.findall(r"^#+ (.+)$", prose(path), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", one.lower()).strip().replace(" ", "-") for one in headings}


@pytest.mark.parametrize("path", markdown_files(), ids=name_of)
def test_relative_links_lead_somewhere(path: Path) -> None:
    relative = [link for link in links(path) if not re.match(r"[a-z]+:", link)]
    assert [link for link in relative if not leads_somewhere(path, link)] == []


def leads_somewhere(path: Path, link: str) -> bool:
    target, _, anchor = link.partition("#")
    found = path.parent / unquote(target) if target else path
    return found.exists() and (not anchor or anchor in anchors(found))


def test_every_decision_is_in_the_index_under_its_title() -> None:
    index = (DECISIONS / "README.md").read_text(encoding="utf-8")
    written = {}
    for path in sorted(DECISIONS.glob("[0-9]*.md")):
        title = path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")
        written[path.name] = title
        assert title.startswith(f"{path.name[:4]} ")
    rows = re.findall(r"^\| \[(\d{4})\]\(([^)]+)\) \| (.+?) \|", index, re.MULTILINE)
    assert {name: f"{number} {title}" for number, name, title in rows} == written
    assert [name[:4] for name in written] == [f"{n + 1:04}" for n in range(len(written))]


@pytest.mark.parametrize("path", sorted(DECISIONS.glob("[0-9]*.md")), ids=name_of)
def test_decision_has_its_four_parts(path: Path) -> None:
    headings = re.findall(r"^## (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert headings == ["Context", "Decision", "Consequences", "Alternatives"]


def test_no_file_holds_a_path_of_somebodys_machine() -> None:
    folders = ("docs", "src", "benchmarks", "scripts", "tests")
    ends = {".md", ".py", ".json", ".toml", ".csv", ".html"}
    nested = (path for one in folders for path in (ROOT / one).rglob("*") if path.suffix in ends)
    forbidden = re.compile(r"/(?:work|root|tmp/runs)\b")
    top = [ROOT / name for name in ("NOTICE", "Makefile", "pyproject.toml", "constraints.txt")]
    for path in (*ROOT.glob("*.md"), *top, *nested):
        found = forbidden.search(path.read_text(encoding="utf-8", errors="replace"))
        assert not found, f"{name_of(path)}: {found}"
