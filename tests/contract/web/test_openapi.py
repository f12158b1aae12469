"""Every operation, asked as its description allows and as it does not: it answers as described.

More than CI has time for, and on PostgreSQL too:

    OPENAPI_EXAMPLES=300 pytest -n0 tests/contract/web/test_openapi.py
"""

from __future__ import annotations

import os
import socket
import zlib
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest
import schemathesis
import sqlalchemy as sa
from schemathesis import Case, GenerationMode
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import positive_data_acceptance

from forecourt import webhooks
from forecourt.core.labels import ImageType
from forecourt.core.records import Role
from forecourt.core.settings import AccessSettings, FetchSettings, Settings, VisionSettings
from forecourt.core.webhooks import EventType
from forecourt.jobs.engines import open_engines
from forecourt.jobs.metrics import Metrics
from forecourt.jobs.workspace import open_workspace
from forecourt.review import Change
from forecourt.store.engine import writing
from forecourt.web.app import create_app
from tests.support.api import Api, open_api
from tests.support.dataset_versions import rank_dataset, write_dataset
from tests.support.gate import use_cheap_hashes
from tests.support.shop import ACME, ZENITH, Shop

EXAMPLES = int(os.environ.get("OPENAPI_EXAMPLES", "8"))
DATABASES = ["sqlite"] if "OPENAPI_EXAMPLES" not in os.environ else ["sqlite", "postgresql"]

load_all_checks()
# Cases are made when tests are collected; the fixture lets something stand behind the application.
APP = create_app(SimpleNamespace(metrics=Metrics()))  # type: ignore[arg-type]
schema = schemathesis.openapi.from_asgi(
    "/v1/openapi.json",
    APP,
    config=SchemathesisConfig.from_dict(
        {"generation": {"max-examples": EXAMPLES, "deterministic": True, "no-shrink": True}}
    ),
)

# Rules that a schema cannot say: these may refuse (422) what their schema allows. So may whatever
# is given a cursor, which only the server can make.
RULES = {
    "post_scrape": "a feed has vehicles with ids; a form has no more than 8 other fields",
    "post_classify": "a form has no more than 8 other fields",
    "get_sitemap": "some options are for feeds for ads alone",
    "post_fix": "`url` or `urls`, and a type or a colour",
    "post_bulk_fix": "`confirmed` unless it is a dry run, a condition, and a type or a colour",
    "list_fixes": "`advertiser` unless it is an advertiser who asks",
    "resolve_conflict": "`value` with the ruling `everyone` alone, and of the field's kind",
    "list_keys": "names have no characters that cannot be seen",
    "create_decisions": "a type or a colour with `relabel` alone, and pictures that are there",
    "list_audit": "names have no characters that cannot be seen",
    "create_key": "an advertiser's key names the advertiser, and has no more scopes than its role",
    "create_user": "an advertiser's user names the advertiser; passwords have 12 characters",
    "set_password": "passwords have 12 characters",
    "create_webhook": "an absolute address of http or https",
}


def is_positive(case: Case) -> bool:
    return case.meta is not None and case.meta.generation.mode is GenerationMode.POSITIVE


class World:
    """A server that has some of everything, and those who ask it."""

    def __init__(self, api: Api) -> None:
        self.known = _fill(api)
        self.callers = [
            api.key(Role.ADMIN),
            api.key(Role.STAFF),
            api.key(Role.ADVERTISER, ACME),
        ]

    def headers(self, case: Case) -> dict[str, str]:
        """Let an admin ask mostly, and half of the time for a thing that is there."""
        drawn = zlib.crc32(repr((case.path_parameters, case.query, case.body)).encode())
        if drawn % 2 and is_positive(case):
            for name, value in self.known.items():
                if name in case.path_parameters:
                    case.path_parameters[name] = value
        return self.callers[drawn // 2 % 3 if drawn % 8 < 2 else 0]


def _fill(api: Api) -> dict[str, Any]:
    """Put some of everything into the store; return names and ids that no chance would hit."""
    engine = api.service.engine
    shop = Shop(engine)
    shop.promote(api.service.model_version)
    shop.fix(ACME, Change(image_type=ImageType.STOCK), role=Role.ADVERTISER)
    shop.fix(ZENITH, Change(image_type=ImageType.PLACEHOLDER), role=Role.ADVERTISER)
    api.make_user()
    key, _headers = api.make_key(Role.STAFF)
    dataset = write_dataset(api.service.settings.home)
    rank_dataset(dataset)
    with writing(engine) as connection:
        webhooks.create(connection, url="https://hooks.example.com/", by="Ada", at=shop.now)
        webhooks.announce(
            connection, EventType.SCRAPE_FINISHED, advertiser=ACME, data={}, at=shop.now
        )
        (event,) = connection.execute(sa.text("SELECT id FROM deliveries")).scalars()
    return {
        "advertiser": ACME,
        "key_id": key.id,
        "version": api.service.model_version,
        "host": "cdn.example.com",
        "scrape_id": 1,
        "dataset": dataset.name,
        "key": dataset.items[0].key,
        "delivery_id": event,
    }


def _refuse_name(*_args: Any, **_named: Any) -> NoReturn:
    raise socket.gaierror("no names in this test")


@pytest.fixture(scope="module", params=DATABASES)
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, tiny_bundle: Any
) -> Iterator[World]:
    database = None
    if request.param == "postgresql":
        database = request.getfixturevalue("copy_postgres")("openapi")
    settings = Settings(
        home=tmp_path_factory.mktemp("home"),
        database=database,
        fetch=FetchSettings(retries=0, timeout_s=1),
        vision=VisionSettings(bundle=tiny_bundle, threads=1),
        access=AccessSettings(rate_per_minute=1e9, rate_burst=1_000_000_000),
    )
    with pytest.MonkeyPatch.context() as patch:
        use_cheap_hashes(patch)
        patch.setattr(socket, "getaddrinfo", _refuse_name)
        with (
            open_workspace(settings) as workspace,
            open_engines(workspace) as engines,
            open_api(engines) as api,
        ):
            APP.state.service = api.service
            yield World(api)


@schema.parametrize()
def test_operations_answer_as_described(case: Case, world: World) -> None:
    headers = world.headers(case)
    if "Idempotency-Key" in case.headers and is_positive(case):
        # One that has come with another request is refused.
        headers = {**headers, "Idempotency-Key": case.id}
    is_ruled = case.operation.definition.raw["operationId"] in RULES or "cursor" in case.query
    case.call_and_validate(
        headers=headers,
        checks=CHECKS.get_all(),
        excluded_checks=[positive_data_acceptance] if is_ruled else [],
    )
