"""What all pages are made with: who reads them, how they are drawn, and how errors look."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote, urlencode

import jinja2
import structlog
from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException

from forecourt import __version__
from forecourt.core.access import Principal, Scope
from forecourt.core.errors import ForecourtError, NotFoundError
from forecourt.core.records import Role
from forecourt.web.auth import SESSION_COOKIE, check_rate, find_session
from forecourt.web.panel import assets, formats, navigation
from forecourt.web.problems import TITLES, ProblemError, to_problem
from forecourt.web.service import Served, Service

_log = structlog.get_logger(__name__)
ROOT = "/panel"
_TEMPLATES = Path(__file__).parents[1] / "templates"


class SignInNeededError(Exception):
    """Nobody is signed in: the browser is sent to where one signs in, and back."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Whoever reads a page, and the token that every write of their session carries."""

    principal: Principal
    csrf_token: str

    @property
    def is_staff(self) -> bool:
        """Whether they see every advertiser."""
        return self.principal.role is not Role.ADVERTISER

    @property
    def is_admin(self) -> bool:
        """Whether they run the service."""
        return self.principal.role is Role.ADMIN

    @property
    def may_fix(self) -> bool:
        """Whether they may correct what the sitemap shows."""
        return Scope.FIX in self.principal.scopes


def find_reader(service: Service, request: Request) -> SignedIn | None:
    """Return who is signed in, without counting the request; None: nobody."""
    token = request.cookies.get(SESSION_COOKIE)
    session = find_session(service, token) if token else None
    return SignedIn(session.principal, session.csrf_token) if session else None


def _read(service: Served, request: Request) -> SignedIn:
    reader = find_reader(service, request)
    if reader is None:
        raise SignInNeededError
    check_rate(service, f"user {reader.principal.user_id}", reader.principal.name)
    return reader


def _read_as_staff(reader: Annotated[SignedIn, Depends(_read)]) -> SignedIn:
    if not reader.is_staff:
        raise NotFoundError("There is no such page.")
    return reader


def _read_as_admin(reader: Annotated[SignedIn, Depends(_read)]) -> SignedIn:
    if not reader.is_admin:
        raise NotFoundError("There is no such page.")
    return reader


# Who reads a page. Whoever may not is told that there is none.
Reader = Annotated[SignedIn, Depends(_read)]
StaffReader = Annotated[SignedIn, Depends(_read_as_staff)]
AdminReader = Annotated[SignedIn, Depends(_read_as_admin)]


def check_may_see(reader: SignedIn, advertiser: str) -> None:
    """Refuse the inventory of somebody else, as if it did not exist.

    Raises:
        NotFoundError: it is another advertiser's.
    """
    if not reader.is_staff and reader.principal.advertiser != advertiser:
        raise NotFoundError(f"There is no advertiser {advertiser!r}.")


def url_to(*parts: str | int, **query: object) -> str:
    """Return the address of a page of the panel; members of the query that are None are left out.

    Slashes inside of names stay: an advertiser may be called so.
    """
    path = "/".join(quote(str(part), safe="/" if index else "") for index, part in enumerate(parts))
    given = {name: value for name, value in query.items() if value is not None}
    return f"{ROOT}/{path}" + (f"?{urlencode(given, doseq=True)}" if given else "")


def render(
    request: Request,
    reader: SignedIn | None,
    template: str,
    *,
    status: int = 200,
    **context: Any,
) -> HTMLResponse:
    """Draw a page. Pages are never kept by a browser: they are about people's work."""
    text = (
        _environment()
        .get_template(template)
        .render(
            reader=reader,
            path=request.url.path,
            **context,
        )
    )
    return HTMLResponse(text, status_code=status, headers={"Cache-Control": "no-store"})


def _navigation(reader: SignedIn) -> list[tuple[str, str]]:
    return [
        (entry.label, url_to(entry.page, advertiser=reader.principal.advertiser))
        for entry in navigation.ENTRIES
        if reader.principal.role in entry.roles
    ]


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,  # a misspelt name is an error, not an empty place
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "asset": assets.url_of,
        "navigation": _navigation,
        "url_to": url_to,
        "version": __version__,
    }
    environment.filters |= formats.FILTERS
    return environment


def install_handlers(panel: FastAPI) -> None:
    """Let every error that leaves a page become a page that says what to do."""

    @panel.exception_handler(SignInNeededError)
    async def _sign_in(request: Request, _error: SignInNeededError) -> Response:
        if request.method != "GET" or request.headers.get("sec-fetch-dest") == "empty":
            return _draw(
                request, ProblemError(401, "unauthenticated", "The session has ended; sign in.")
            )
        here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(url_to("sign-in", next=here), status_code=303)

    @panel.exception_handler(ProblemError)
    async def _problem(request: Request, error: ProblemError) -> Response:
        return _draw(request, error)

    @panel.exception_handler(ForecourtError)
    async def _ours(request: Request, error: ForecourtError) -> Response:
        return _draw(request, to_problem(error))

    @panel.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> Response:
        named = "; ".join(f"{one['loc'][:2][-1]}: {one['msg']}" for one in error.errors())
        return _draw(request, ProblemError(422, "invalid", f"{named}."))

    @panel.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        kind = {404: "not-found", 405: "method-not-allowed"}.get(error.status_code, "http")
        detail = "There is no such page." if error.status_code == 404 else str(error.detail)
        return _draw(request, ProblemError(error.status_code, kind, detail))

    @panel.exception_handler(Exception)
    async def _unknown(request: Request, error: Exception) -> Response:
        _log.error("http.failed", exc_info=error)
        detail = "An error of ours. Report it with the number below; the server's log has more."
        return _draw(request, ProblemError(500, "internal", detail))


def _draw(request: Request, error: ProblemError) -> Response:
    response = render(
        request,
        None,
        "error.html",
        status=error.status,
        title=TITLES[error.kind],
        detail=error.detail,
        request_id=getattr(request.state, "request_id", None),
    )
    response.headers.update(error.headers or {})
    return response
