"""The OpenAPI document is complete: words, errors, examples that are true; and so is the client."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace
from typing import Any, get_args, get_type_hints

import jsonschema_rs
import pytest

from forecourt.client import Client, admin_answers, answers, dataset_answers, trial_answers
from forecourt.jobs.metrics import Metrics
from forecourt.web.app import create_app
from forecourt.web.problems import MEDIA_TYPE

DOCUMENT: dict[str, Any] = create_app(
    SimpleNamespace(metrics=Metrics())  # type: ignore[arg-type]
).openapi()
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]
OPERATIONS = {
    operation["operationId"]: (method, path, operation)
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
}
WATCHED = {"healthz", "readyz", "metrics"}  # for those who watch: no key, no rate
OPEN = WATCHED | {"sign_in"}
NO_BODY = {304}

# What the client calls each operation, where that is not obvious.
BY_CLIENT = {
    "list_advertisers": "iter_advertisers",
    "list_scrapes": "iter_scrapes",
    "get_results": "iter_results",
    "post_classify": "classify",
    "post_fix": "fix",
    "post_bulk_fix": "bulk_fix",
    "list_fixes": "iter_fixes",
    "post_refusal": "refuse_carried",
    "revert_fix": "revert",
    "undo_act": "undo",
    "list_conflicts": "iter_conflicts",
    "list_hosts": "iter_hosts",
    "list_dataset_items": "iter_dataset_items",
    "create_decisions": "decide",
    "list_decisions": "iter_decisions",
    "list_promotions": "iter_promotions",
    "promote_model": "promote",
    "rollback_model": "roll_back",
    "list_shadow_steps": "iter_shadow_steps",
    "list_disagreements": "iter_disagreements",
    "list_canary_steps": "iter_canary_steps",
    "list_retags": "iter_retags",
    "list_webhooks": "iter_webhooks",
    "rotate_secret": "rotate_webhook",
    "list_deliveries": "iter_deliveries",
    "get_session": "whoami",
    "list_keys": "iter_keys",
    "list_users": "iter_users",
    "list_audit": "iter_audit",
}
FOR_BROWSERS = {"sign_in", "sign_out"}
ANSWERS = {
    "TagOut": answers.Tag,
    "PredictedOut": answers.Predicted,
    "ReasonOut": answers.QueueReason,
    "WaitingOut": answers.Waiting,
    "DoneOut": answers.DoneToday,
    "QueueOut": answers.Queue,
    "AdvertiserOut": answers.Advertiser,
    "RefusedRowOut": answers.RefusedRow,
    "ScrapeOut": answers.Scrape,
    "AcceptedOut": answers.Accepted,
    "ResultOut": answers.Classified,
    "ClassifyOut": answers.Classification,
    "FixOut": answers.Fix,
    "RulingOut": answers.Ruling,
    "UnshownOut": answers.Unshown,
    "ActOut": answers.Act,
    "MatchOut": answers.Match,
    "PreviewOut": answers.Preview,
    "ConflictOut": answers.Conflict,
    "OddityExampleOut": answers.OddityExample,
    "OddityOut": answers.Oddity,
    "MisclassifiedOut": answers.Misclassified,
    "MisclassifiedListOut": answers.MisclassifiedList,
    "HostOut": answers.Host,
    "SplitCountsOut": dataset_answers.SplitCounts,
    "DatasetOut": dataset_answers.Dataset,
    "DatasetsOut": dataset_answers.Datasets,
    "ShortageOut": dataset_answers.Shortage,
    "ReviewOut": dataset_answers.DatasetReview,
    "DatasetDetailOut": dataset_answers.DatasetDetail,
    "DoubtOut": dataset_answers.LabelDoubt,
    "DecisionOut": dataset_answers.Decision,
    "DatasetItemOut": dataset_answers.DatasetItem,
    "DecisionsOut": dataset_answers.Decisions,
    "PromotionOut": answers.Promotion,
    "PromotedOut": answers.Promoted,
    "ModelOut": answers.Model,
    "ModelsOut": answers.Models,
    "ShadowStepOut": trial_answers.ShadowStep,
    "CanaryStepOut": trial_answers.CanaryStep,
    "CanariesOut": trial_answers.Canaries,
    "ShareOut": trial_answers.Share,
    "AgreementOut": trial_answers.Agreement,
    "SaidOut": trial_answers.Said,
    "DisagreementOut": trial_answers.Disagreement,
    "RetagOut": trial_answers.Retag,
    "WebhookOut": admin_answers.Webhook,
    "SecretOut": admin_answers.WebhookWithSecret,
    "AttemptOut": admin_answers.Attempt,
    "DeliveryOut": admin_answers.Delivery,
    "KeyOut": admin_answers.Key,
    "NewKeyOut": admin_answers.NewKey,
    "UserOut": admin_answers.User,
    "CallerOut": admin_answers.Caller,
    "AuditEntryOut": admin_answers.AuditEntry,
}


def examples_of(media: dict[str, Any]) -> list[Any]:
    """The examples of a body: beside it, or in its schema."""
    if "example" in media:
        return [media["example"]]
    if "examples" in media:
        return [one["value"] for one in media["examples"].values()]
    schema = media["schema"]
    for one in schema.get("anyOf", [schema]):
        found = SCHEMAS[one["$ref"].rpartition("/")[2]] if "$ref" in one else one
        if "examples" in found:
            examples: list[Any] = found["examples"]
            return examples
    return []


def check_examples(media: dict[str, Any]) -> None:
    found = examples_of(media)
    assert found
    rules = {**media["schema"], "components": {"schemas": SCHEMAS}}
    for example in found:
        jsonschema_rs.validate(rules, example)


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_is_described(name: str) -> None:
    _method, _path, operation = OPERATIONS[name]
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", name)
    assert len(operation["tags"]) == 1
    assert operation["summary"]
    assert not operation["summary"].endswith(".")
    assert operation["description"].startswith(operation["summary"])
    for parameter in operation.get("parameters", []):
        assert parameter.get("description"), parameter["name"]


@pytest.mark.parametrize("name", OPERATIONS)
def test_bodies_have_examples_that_are_true(name: str) -> None:
    _method, _path, operation = OPERATIONS[name]
    for media in operation.get("requestBody", {}).get("content", {}).values():
        check_examples(media)
    answered = {status: one for status, one in operation["responses"].items() if status < "400"}
    assert any(status.startswith("2") for status in answered)
    for status, response in answered.items():
        assert response.get("content") or status in {"204", "304"}
        for media in response.get("content", {}).values():
            check_examples(media)


@pytest.mark.parametrize("name", OPERATIONS)
def test_errors_are_problem_documents(name: str) -> None:
    _method, path, operation = OPERATIONS[name]
    responses = operation["responses"]
    wanted = set() if name in WATCHED else {"422", "429", "503"}
    if name not in OPEN:
        wanted |= {"401", "403"}
        assert operation["security"] == [{"apiKey": []}, {"session": []}]
    if re.search(r"_id\}|\{version\}|\{host\}", path):
        wanted.add("404")
    if "requestBody" in operation:
        wanted.add("413")
    assert wanted <= set(responses)
    for status, response in responses.items():
        if status >= "400":
            assert list(response["content"]) == [MEDIA_TYPE]
            check_examples(response["content"][MEDIA_TYPE])
        if status in {"429", "503"}:
            assert "Retry-After" in response["headers"]


def test_no_reference_leads_nowhere() -> None:
    named = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(DOCUMENT)))
    assert named <= set(SCHEMAS)


def test_operations_have_different_names() -> None:
    assert len(OPERATIONS) == sum(len(one) for one in DOCUMENT["paths"].values())


@pytest.mark.parametrize("name", sorted(set(OPERATIONS) - WATCHED - FOR_BROWSERS))
def test_the_client_has_every_operation(name: str) -> None:
    assert callable(getattr(Client, BY_CLIENT.get(name, name)))


@pytest.mark.parametrize("schema", sorted(ANSWERS))
def test_answers_of_the_client_have_the_members_of_the_servers(schema: str) -> None:
    hints = get_type_hints(ANSWERS[schema])
    assert set(hints) == set(SCHEMAS[schema]["properties"])
    for member, rule in SCHEMAS[schema]["properties"].items():
        may_be_null = {"type": "null"} in rule.get("anyOf", [])
        assert (type(None) in get_args(hints[member])) == may_be_null, member


def test_no_answer_of_the_server_is_missing_in_the_client() -> None:
    assert {name for name in SCHEMAS if name.endswith("Out")} == set(ANSWERS) | {"OdditiesOut"}
