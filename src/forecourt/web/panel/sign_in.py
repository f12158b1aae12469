"""Signing in and out by plain forms: they work before any script has loaded."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from forecourt import access
from forecourt.core.access import LONGEST_NAME
from forecourt.core.errors import TooManyTriesError
from forecourt.web import signing_in
from forecourt.web.auth import SESSION_COOKIE, find_session
from forecourt.web.panel.pages import ROOT, find_reader, render, url_to
from forecourt.web.problems import ProblemError, to_problem
from forecourt.web.service import Served

router = APIRouter()
_LONGEST_PASSWORD = 1_000


@router.get("/sign-in")
def get_sign_in(
    service: Served, request: Request, to: Annotated[str, Query(alias="next")] = ROOT
) -> Response:
    """Ask for name and password; who is signed in already goes on."""
    if find_reader(service, request) is not None:
        return RedirectResponse(_inside(to), status_code=303)
    return render(request, None, "sign_in.html", next=_inside(to), name="", problem=None)


@router.post("/sign-in")
async def post_sign_in(
    service: Served,
    request: Request,
    name: Annotated[str, Form(max_length=LONGEST_NAME)] = "",
    password: Annotated[str, Form(max_length=_LONGEST_PASSWORD)] = "",
    to: Annotated[str, Form(alias="next")] = ROOT,
) -> Response:
    """Open a session, and go where the browser wanted to go."""
    _check_same_origin(request)
    answer = RedirectResponse(_inside(to), status_code=303)
    try:
        await signing_in.sign_in(service, request, answer, name, password)
    except (ProblemError, TooManyTriesError) as error:
        problem = error if isinstance(error, ProblemError) else to_problem(error)
        told = (
            "Nobody signs in with this name and this password. An admin can give you another one."
            if problem.status == 401
            else problem.detail
        )
        page = render(
            request,
            None,
            "sign_in.html",
            status=problem.status,
            next=_inside(to),
            name=name,
            problem=told,
        )
        page.headers.update(problem.headers or {})
        return page
    return answer


@router.post("/sign-out")
def post_sign_out(
    service: Served, request: Request, csrf_token: Annotated[str, Form()] = ""
) -> Response:
    """End the session. Without the form's token nothing happens: somebody else sent it."""
    token = request.cookies.get(SESSION_COOKIE)
    session = find_session(service, token) if token else None
    if session is not None and not access.is_csrf_token(session, csrf_token):
        raise ProblemError(403, "forbidden", "The form is not this session's; go back and reload.")
    answer = RedirectResponse(url_to("sign-in"), status_code=303)
    signing_in.sign_out(service, request, answer)
    return answer


def _check_same_origin(request: Request) -> None:
    """Refuse forms of other sites: they would sign somebody in as somebody else."""
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise ProblemError(403, "forbidden", "Sign in on this site's own page.")
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise ProblemError(403, "forbidden", "Sign in on this site's own page.")


def _inside(address: str) -> str:
    """Return an address of the panel; of what leads elsewhere nothing is left."""
    parts = urlsplit(address) if address.isprintable() and "\\" not in address else urlsplit("")
    is_inside = parts.path == ROOT or parts.path.startswith(f"{ROOT}/")
    if parts.scheme or parts.netloc or not is_inside or address.startswith("//"):
        return ROOT
    return address
