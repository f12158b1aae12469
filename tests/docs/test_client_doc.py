"""docs/client.md: its examples run against a server, and its lists are those of the code."""

from __future__ import annotations

import inspect
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from forecourt import client as package
from forecourt.client import Client, ForecourtError
from forecourt.core.settings import Settings
from forecourt.core.webhooks import make_secret, sign
from tests.support.image_host import ImageHost
from tests.support.pictures import jpeg
from tests.support.served import serving
from tests.support.tiny_bundle import PAINTS

TEXT = (Path(__file__).parents[2] / "docs" / "client.md").read_text(encoding="utf-8")


def test_the_examples_run(
    settings: Settings,
    host: ImageHost,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    host.put("/red.jpg", jpeg(PAINTS["Red"]))
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    with serving(settings) as (base, token):
        there = {
            "https://forecourt.example.com": base,
            "https://img.example.com": host.base,
            "fc_...": token,
        }
        for block in re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL):
            code = block
            for told, real in there.items():
                code = code.replace(told, real)
            exec(code, names)  # noqa: S102  # it is our own document
        names["client"].close()
    said = capsys.readouterr().out
    assert "2 of 2\nfinished\n" in said
    assert f"stock-1 {host.base}/red.jpg tagged Dealer\n" in said
    assert "\n2 False\n" in said
    assert f"{host.base}/red.jpg Dealer Red True\n" in said
    assert "404 not-found There is no scrape 404." in said
    assert json.loads(Path("acme.json").read_text())["advertiser"] == "acme"
    secret, now = make_secret(b"k" * 32), datetime.now(UTC)
    headers = sign([secret], event_id="msg_1", at=now, body=b"{}")
    assert names["is_ours"](secret, headers, b"{}")
    assert not names["is_ours"](secret, headers, b"{} ")


def test_every_operation_is_listed() -> None:
    told = re.split(r"^## Operations$", TEXT, flags=re.MULTILINE)[1]
    operations = {
        name
        for name, _function in inspect.getmembers(Client, inspect.isfunction)
        if not name.startswith("_")
    }
    assert set(re.findall(r"`(\w+)`", told)) == operations - {"close"}


def test_every_error_is_listed() -> None:
    listed = re.findall(r"^\| `(\w+Error)` \|", TEXT, re.MULTILINE)
    raised = {
        name
        for name in package.__all__
        if inspect.isclass(getattr(package, name))
        and issubclass(getattr(package, name), ForecourtError)
    }
    assert set(listed) == raised - {"ForecourtError"}
