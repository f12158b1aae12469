"""The page of whoever is signed in: as whom, and another password."""

from __future__ import annotations

from typing import cast

from fastapi import APIRouter, Request
from fastapi.responses import Response

from forecourt import access
from forecourt.store.engine import reading
from forecourt.web.panel.pages import Reader, render
from forecourt.web.service import Served

router = APIRouter()


@router.get("/account")
def get_account(service: Served, request: Request, reader: Reader) -> Response:
    """Show who is signed in, and let them set another password."""
    user_id = cast("int", reader.principal.user_id)  # sessions are opened by users alone
    with reading(service.engine) as connection:
        user = access.get_user(connection, user_id)
    return render(request, reader, "account.html", user=user)
