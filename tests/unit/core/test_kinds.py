"""Words of feeds for body types, and the vehicle kinds that they name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import forecourt
from forecourt.core.kinds import _WORDS, kind_of_body_type


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("SUV", "car"),
        ("4D Sport Utility / suv", "car"),
        ("Coup\u00e9", "car"),
        ("Station Wagon", "car"),
        ("Pick-up", "truck"),
        ("PICKUP TRUCKS", "truck"),
        ("Extended Cargo Van", "van"),
        ("Motorcycle", "motorcycle"),
        ("Class A Motorhome", "rv"),
        ("pontoon boat", "boat"),
        ("Horse Trailer", "trailer"),
        ("car trailer", None),
        ("Caravan", None),
        ("Minivan", None),
        ("carbon", None),
        ("", None),
        (None, None),
    ],
)
def test_kind_of_body_type(words: str | None, kind: str | None) -> None:
    assert kind_of_body_type(words) == kind


def test_kinds_are_those_of_the_shipped_bundle() -> None:
    folder = Path(forecourt.__file__).parent / "models" / "default"
    assert _WORDS.keys() < set(json.loads((folder / "bundle.json").read_text())["kinds"])
