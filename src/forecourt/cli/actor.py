"""Who acts where somebody changes access at the shell."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer

from forecourt.core.access import ROLE_SCOPES, Principal, clean_name
from forecourt.core.errors import UsageError
from forecourt.core.records import Role

By = Annotated[
    str | None,
    typer.Option("--by", help="Who does this, for the audit log; default: the account's name."),
]


def as_admin(by: str | None) -> Principal:
    """Return an admin of that name: whoever can run commands here can read the database too.

    Raises:
        UsageError: no name is given, and the account has none.
    """
    name = clean_name(_account() if by is None else by, "name after --by")
    return Principal(name=name, role=Role.ADMIN, scopes=ROLE_SCOPES[Role.ADMIN])


def _account() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError) as error:  # a container's user may have no name
        raise UsageError("This account has no name; say who does this: --by NAME.") from error
