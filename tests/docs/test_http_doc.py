"""docs/api.md against the operations of the API."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute

from forecourt.web.api import audit, keys, models, session, users, webhooks
from tests.docs.test_docs import API, listed, section
from tests.docs.test_docs import listed as _listed

ACCESS = Path(__file__).parents[2] / "docs" / "access.md"
WEBHOOKS = ACCESS.with_name("webhooks.md")


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
    assert {f"{method} /v1{one.path}" for one in routes for method in one.methods} == set(
        listed(API, heading)
    )
