"""The server in this process, asked over HTTP, with keys and users to ask as."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import httpx2
from starlette.testclient import TestClient

from forecourt import access
from forecourt.core.access import Scope
from forecourt.core.audit import AuditEntry
from forecourt.core.credentials import ApiKey, User
from forecourt.core.records import Role
from forecourt.jobs.engines import Engines
from forecourt.store.engine import reading, writing
from forecourt.store.scrapes import Scrape
from forecourt.web.app import create_app
from forecourt.web.paths import matches
from forecourt.web.serve import open_service
from forecourt.web.service import Service
from tests.support.gate import PASSWORD, make_admin


class Api:
    """Asks the server. Each answer has to be one that the OpenAPI document tells of."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self._app = create_app(service)
        self.openapi: dict[str, Any] = self._app.openapi()

    def browser(self, base_url: str = "http://testserver") -> TestClient:
        """Return a client that keeps cookies."""
        client = TestClient(self._app, base_url=base_url)
        client.event_hooks = {"response": [self._check]}
        return client

    def ask(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, **options: Any
    ) -> httpx2.Response:
        """Ask once, as somebody who keeps no cookies."""
        return self.browser().request(method, path, headers=dict(headers or {}), **options)

    def make_key(
        self,
        role: Role = Role.ADMIN,
        advertiser: str | None = None,
        *scopes: Scope,
        name: str = "ci",
    ) -> tuple[ApiKey, dict[str, str]]:
        """Make a key; return it with the headers of requests that come with it."""
        new = access.NewKey(
            name=name, role=role, advertiser=advertiser, scopes=frozenset(scopes) or None
        )
        with writing(self.service.engine) as connection:
            key, token = access.create_key(connection, make_admin(), new, now=datetime.now(UTC))
        return key, {"Authorization": f"Bearer {token}"}

    def key(self, role: Role = Role.ADMIN, advertiser: str | None = None, *scopes: Scope) -> Any:
        """Return the headers of requests that come with a new key."""
        return self.make_key(role, advertiser, *scopes)[1]

    def make_user(
        self, name: str = "Ada", role: Role = Role.STAFF, advertiser: str | None = None
    ) -> User:
        """Make a user whose password is `PASSWORD`."""
        new = access.NewUser(name=name, password=PASSWORD, role=role, advertiser=advertiser)
        with writing(self.service.engine) as connection:
            return access.create_user(connection, make_admin(), new, now=datetime.now(UTC))

    def sign_in(self, name: str = "Ada", password: str = PASSWORD) -> TestClient:
        """Return a browser in which a user is signed in, and that sends the CSRF token."""
        browser = self.browser()
        answer = browser.post("/v1/session", json={"name": name, "password": password})
        assert answer.status_code == 201, answer.text
        browser.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
        return browser

    def log(self, action: str | None = None) -> list[AuditEntry]:
        """Return the audit log, newest first."""
        with reading(self.service.engine) as connection:
            entries = access.list_audit(connection, limit=1_000).entries
        return [one for one in entries if action in {None, one.action}]

    def _check(self, response: httpx2.Response) -> None:
        path, method = response.request.url.path, response.request.method.lower()
        found = [
            ops[method]
            for template, ops in self.openapi["paths"].items()
            if matches(template, path) and method in ops
        ]
        assert found, f"{method} {path} is not described"
        told = {status for one in found for status in one["responses"]}
        assert str(response.status_code) in told, f"{method} {path}: {response.status_code}"
        if response.status_code >= 400:
            response.read()
            assert response.headers["content-type"] == "application/problem+json"
            assert response.json()["status"] == response.status_code


class IdleRunner:
    """Runs nothing: for tests of what is answered, not of what is tagged."""

    def submit(self, scrape: Scrape) -> None:
        """Leave it in the store."""

    def start(self) -> None:
        """Do nothing."""

    def ask_to_stop(self) -> None:
        """Do nothing."""

    def stop(self) -> None:
        """Do nothing."""


@contextmanager
def open_api(engines: Engines) -> Iterator[Api]:
    """Put the server together."""
    with open_service(engines, IdleRunner()) as service:
        yield Api(service)
