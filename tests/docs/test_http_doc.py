"""The documents against the operations of the API and the fields of its answers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

import pytest
from fastapi.routing import APIRoute
from pydantic import BaseModel

from forecourt import release
from forecourt.core.agreement import make_agreement
from forecourt.core.settings import Settings
from forecourt.jobs.asking import Recheck
from forecourt.web import problems
from forecourt.web.api import (
    audit,
    canaries,
    classify,
    dataset_forms,
    datasets,
    keys,
    models,
    paging,
    retags,
    scrapes,
    session,
    shadow,
    users,
    webhooks,
)
from forecourt.web.api.scrape_forms import AcceptedOut, RefusedRowOut, ScrapeOut

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
        ("HTTP: scrapes", scrapes),
        ("HTTP: classify", classify),
        ("Datasets over HTTP", datasets),
        ("Models over HTTP", models),
        ("Shadow over HTTP", shadow),
        ("Canaries over HTTP", canaries),
        ("Re-tags over HTTP", retags),
        ("Session over HTTP", session),
        ("Keys over HTTP", keys),
        ("Users over HTTP", users),
        ("Webhooks over HTTP", webhooks),
        ("Audit log over HTTP", audit),
    ],
)
def test_operations_are_documented(heading: str, module: Any) -> None:
    routes = [one for one in module.router.routes if isinstance(one, APIRoute)]
    operations = [
        f"{method} /v1{one.path_format}" for one in routes for method in sorted(one.methods)
    ]
    told = [one for one in listed("api.md", heading) if " /v1/" in one]
    assert sorted(told) == sorted(operations)


@pytest.mark.parametrize(
    ("document", "heading", "model"),
    [
        ("api.md", "models list --json", models.ModelOut),
        ("api.md", "Promotion", models.PromotionOut),
        ("api.md", "Steps of the shadow", shadow.ShadowStepOut),
        ("api.md", "Steps of canaries", canaries.CanaryStepOut),
        ("api.md", "models disagreements --json", shadow.DisagreementOut),
        ("api.md", "models retags --json", retags.RetagOut),
        ("access.md", "keys --json", keys.KeyOut),
        ("access.md", "users --json", users.UserOut),
        ("access.md", "audit --json", audit.AuditEntryOut),
        ("webhooks.md", "A webhook", webhooks.WebhookOut),
        ("webhooks.md", "A delivery", webhooks.DeliveryOut),
        ("webhooks.md", "An attempt", webhooks.AttemptOut),
    ],
)
def test_answers_have_the_fields_of_the_document(
    document: str, heading: str, model: type[BaseModel]
) -> None:
    assert listed(document, heading) == list(model.model_fields)


def test_fields_of_an_agreement_are_documented() -> None:
    told = listed("api.md", "models agreement --json")
    assert told == list(release.agreement_to_json(make_agreement("a", "b", [], {})))
    assert set(told) == set(shadow.AgreementOut.model_fields)


def test_fields_of_the_session_are_documented() -> None:
    told = section("api.md", "Session over HTTP")
    (row,) = re.findall(r"^\| `GET /v1/session` \|.*\| (.*) \|$", told, re.MULTILINE)
    assert re.findall(r"`(\w+)`", row) == list(session.CallerOut.model_fields)


def test_fields_of_a_scrape_are_documented() -> None:
    told = section("api.md", "HTTP: scrapes")
    (table,) = re.findall(r"^\| field .*\n\|---.*\n((?:\|.*\n)+)", told, re.MULTILINE)
    assert re.findall(r"^\| `(\w+)`", table, re.MULTILINE) == list(ScrapeOut.model_fields)
    added = set(AcceptedOut.model_fields) - set(ScrapeOut.model_fields)
    assert added | set(RefusedRowOut.model_fields) <= set(re.findall(r"`(\w+)`", told))


def test_what_classify_adds_is_documented() -> None:
    told = section("api.md", "HTTP: classify")
    lines = listed("api.md", "classify --jsonl")
    added = set(classify.ResultOut.model_fields) - set(lines)
    assert added == {"cached"}
    assert set(lines) <= set(classify.ResultOut.model_fields)
    known = set(re.findall(r"`(\w+)`", told))
    assert {
        "cached",
        *classify.ClassifyOut.model_fields,
        *classify.ClassifyIn.model_fields,
    } <= known
    rechecks = re.findall(r"^\| `([a-z]+)` \|", told, re.MULTILINE)
    assert rechecks == list(Recheck)


def test_fields_of_datasets_are_documented() -> None:
    told = set(re.findall(r"`(\w+)`", section("api.md", "Datasets over HTTP")))
    for form in (
        dataset_forms.DatasetDetailOut,
        dataset_forms.ShortageOut,
        dataset_forms.ReviewOut,
        dataset_forms.DoubtOut,
        dataset_forms.DecisionIn,
    ):
        assert set(form.model_fields) <= told, form
    columns = set(listed("dataset.md", "Columns"))
    item = set(dataset_forms.DatasetItemOut.model_fields)
    assert item - {"doubt", "decision"} <= columns


def test_problems_are_documented() -> None:
    rows = re.findall(
        r"^\| `([a-z-]+)` \| (\d+|any) \| (.*) \|$", section("api.md", "Problems"), re.MULTILINE
    )
    assert {kind: title for kind, _status, title in rows} == dict(problems.TITLES)
    for _error, status, kind in problems._KINDS:
        assert (kind, str(status)) in {(name, told) for name, told, _title in rows}


def test_limits_are_documented() -> None:
    told = section("api.md", "HTTP")
    access = Settings().access
    assert f"{access.rate_per_minute:.0f} times a minute" in told
    assert f"up to {access.rate_burst} times at once" in told
    (maximum,) = [one.le for one in get_args(paging.Limit)[1].metadata if hasattr(one, "le")]
    assert f"(50, at most {maximum})" in told
