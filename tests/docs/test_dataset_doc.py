"""docs/dataset.md against the code: columns, reasons, formats, rules with numbers."""

from __future__ import annotations

import inspect
import re

from forecourt.cli import dataset as commands
from forecourt.core.dataset import ItemSource, LeftOut, Split, Verdict
from forecourt.dataset import balance, offers, sift
from forecourt.dataset.formats.read import Format
from forecourt.dataset.review import TABLE
from forecourt.store import manifest, versions
from tests.support.documents import ROOT, listed, section

DOCUMENT = ROOT / "docs" / "dataset.md"
TEXT = DOCUMENT.read_text(encoding="utf-8")


def test_columns_are_documented_in_their_order() -> None:
    assert listed(DOCUMENT, "Columns") == manifest._schema().names


def test_files_of_a_version_are_documented() -> None:
    assert {name for name in listed(DOCUMENT, "A version") if "/" not in name} == {
        versions.SUMMARY_FILE,
        versions.MANIFEST_FILE,
        versions.LEFT_OUT_FILE,
        versions.CARD_FILE,
    }


def test_reasons_are_documented_in_their_order() -> None:
    assert listed(DOCUMENT, "Left out") == [reason.value for reason in LeftOut]


def test_formats_are_documented_in_their_order() -> None:
    assert listed(DOCUMENT, "Formats") == [one.value for one in Format]


def test_closed_lists_are_told() -> None:
    for name, members in (("source", ItemSource), ("split", Split)):
        (row,) = re.findall(rf"^\| `{name}` .*$", section(DOCUMENT, "Columns"), re.MULTILINE)
        assert set(re.findall(r"`(\w+)`", row)[1:]) == {member.value for member in members}
    for verdict in Verdict:
        assert f"`{verdict}`" in section(DOCUMENT, "Labels that are likely wrong")
    assert f"`{TABLE}`" in section(DOCUMENT, "Labels that are likely wrong")


def test_numbers_are_those_of_the_code() -> None:
    assert f"under {sift.LEAST_SIDE} pixels" in section(DOCUMENT, "Left out")
    trust = f"{offers.OF_STAFF:g}, advertisers' fixes {offers.OF_ADVERTISER:g}; imports "
    assert f"all decisions {trust}{offers.OF_IMPORT:g}" in " ".join(TEXT.split())
    assert f"with {offers.UNSAID:g}" in TEXT
    quota = f"at least {balance.LEAST_OTHER:.0%}".replace("%", " %")
    assert quota in section(DOCUMENT, "The split")
    assert {16.0: "more than sixteen times"}[balance.MOST_WEIGHT] in section(DOCUMENT, "The split")
    for command in (commands.import_pictures, commands.build):
        given = inspect.signature(command).parameters["least_other"].default
        assert given == balance.LEAST_OTHER
