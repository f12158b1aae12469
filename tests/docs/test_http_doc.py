"""The documents against the operations of the API and the fields of its answers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute
from pydantic import BaseModel

from forecourt.web.api import audit, keys, models, session, users, webhooks

DOCS = Path(__file__).parents[2] / "docs"


def section(document: str, heading: str) -> str:
    text = (DOCS / document).read_text(encoding="utf-8")
    parts = re.split(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))[heading]


def listed(document: str, heading: str) -> list[str]:
    """The names in the first column of the table under a heading."""
    cells = re.findall(r"^\| (`.+?) \|", section(document, heading), flags=re.MULTILINE)
    return [name for cell in cells for name in re.findall(r"`(.+?)`", cell)]


@pytest.mark.parametrize(
    ("heading", "module"),
    [
        ("Models over HTTP", models),
        ("Session over HTTP", session),
        ("Keys over HTTP", keys),
        ("Users over HTTP", users),
        ("Webhooks over HTTP", webhooks),
        ("Audit log over HTTP", audit),
    ],
)
def test_operations_are_documented(heading: str, module: Any) -> None:
    routes = [one for one in module.router.routes if isinstance(one, APIRoute)]
    operations = [f"{method} /v1{one.path}" for one in routes for method in sorted(one.methods)]
    assert sorted(listed("api.md", heading)) == sorted(operations)


@pytest.mark.parametrize(
    ("document", "heading", "model"),
    [
        ("api.md", "models list --json", models.ModelOut),
        ("api.md", "Promotion", models.PromotionOut),
        ("access.md", "keys --json", keys.KeyOut),
        ("access.md", "users --json", users.UserOut),
        ("access.md", "audit --json", audit.EntryOut),
        ("webhooks.md", "A webhook", webhooks.WebhookOut),
        ("webhooks.md", "A delivery", webhooks.DeliveryOut),
        ("webhooks.md", "An attempt", webhooks.AttemptOut),
    ],
)
def test_answers_have_the_fields_of_the_document(
    document: str, heading: str, model: type[BaseModel]
) -> None:
    assert listed(document, heading) == list(model.model_fields)


def test_fields_of_the_session_are_documented() -> None:
    told = section("api.md", "Session over HTTP")
    (row,) = re.findall(r"^\| `GET /v1/session` \|.*\| (.*) \|$", told, re.MULTILINE)
    assert re.findall(r"`(\w+)`", row) == list(session.CallerOut.model_fields)
