"""docs/settings.md against the settings of the code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from annotated_types import Ge, Gt, Le
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from forecourt.core.settings import Settings

DOCUMENT = Path(__file__).parents[2] / "docs" / "settings.md"
ROW = re.compile(r"^\| `(FORECOURT_\w+)` \|(.*)\|$", re.MULTILINE)
UNITS = {"S": "s", "BYTES": "bytes", "PIXELS": "pixels", "HOME": "path", "BUNDLE": "path"}


def documented() -> dict[str, tuple[str, ...]]:
    rows = ROW.findall(DOCUMENT.read_text(encoding="utf-8"))
    assert len({row[0] for row in rows}) == len(rows), "a variable stands twice"
    return {name: tuple(cell.strip() for cell in cells.split("|")) for name, cells in rows}


def fields(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, FieldInfo]]:
    for name, info in model.model_fields.items():
        if isinstance(info.default, BaseModel):
            yield from fields(type(info.default), f"{prefix}{name.upper()}__")
        else:
            yield prefix + name.upper(), info


SETTINGS = dict(fields(Settings, "FORECOURT_"))


def allowed(info: FieldInfo) -> str:
    """The limits of a number, in the words of the document."""
    limits: dict[type, Any] = {type(one): one for one in info.metadata}
    if Gt in limits:
        most = f", to {limits[Le].le:g}" if Le in limits else ""
        return f"more than {limits[Gt].gt:g}{most}"
    if Ge not in limits:
        return ""
    least = f"{limits[Ge].ge:g}"
    return f"{least} to {limits[Le].le:.0f}" if Le in limits else f"{least} or more"


def test_the_document_lists_exactly_the_settings() -> None:
    assert list(documented()) == list(SETTINGS)


@pytest.mark.parametrize("variable", SETTINGS)
def test_each_setting_is_told_as_it_is(variable: str) -> None:
    info = SETTINGS[variable]
    default, unit, limits, meaning = documented()[variable]
    assert default == (f"`{info.default}`" if info.default not in (None, ()) else "")
    assert meaning == info.description
    assert limits == allowed(info)
    assert unit
    assert UNITS.get(variable.rpartition("_")[2], unit) == unit


@pytest.mark.parametrize("variable", SETTINGS)
def test_each_variable_is_read(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    examples = {
        "FORECOURT_DATABASE": "sqlite:///other.db",
        "FORECOURT_FETCH__ALLOW_NETWORKS": "10.20.0.0/16,fd12:3456::/32",
        "FORECOURT_FETCH__VERIFY_SHARE": "0.5",
    }
    value = examples.get(variable) or (
        "other" if str(SETTINGS[variable].annotation).count("Path") else "7"
    )
    if variable.endswith(
        ("MAX_BYTES", "MAX_PIXELS", "IDLE_S", "SESSION_MAX_S", "UPLOAD_BYTES", "KEPT_S")
    ):
        value = "77777"
    monkeypatch.setenv(variable, value)
    assert Settings() != Settings.model_construct()
    monkeypatch.delenv(variable)
    assert Settings() == Settings.model_construct()
