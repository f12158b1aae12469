"""docs/panel.md against the panel: its pages and its keys."""

from __future__ import annotations

import re

from forecourt.web.panel.formats import color_name
from forecourt.web.panel.keys import COLOR_KEYS, TYPE_KEYS
from forecourt.web.panel.navigation import ENTRIES
from tests.support.documents import ROOT, section

DOC = ROOT / "docs" / "panel.md"


def test_pages_of_staff_and_admins_are_documented() -> None:
    told = set(re.findall(r"`/panel/(\w+)`", DOC.read_text(encoding="utf-8")))
    assert {"conflicts", "oddities", "hosts", "datasets", "audit", "users", "keys"} <= told
    assert told <= {entry.page for entry in ENTRIES} | {"account"}  # that is behind the name


def test_keys_of_datasets_are_those_of_all_pages() -> None:
    rows = re.findall(r"^\| (`\w`.*?) \| it is (.*?) \|$", section(DOC, "Datasets"), re.MULTILINE)
    told = {
        key: name
        for keys, names in rows
        for key, name in zip(re.findall(r"`(\w)`", keys), names.split(", "), strict=True)
    }
    classes = {key: str(one) for key, one in TYPE_KEYS.items()}
    classes |= {key: color_name(one) for key, one in COLOR_KEYS.items() if one is not None}
    assert told == classes
