"""Users of the panel: made, listed, disabled, given another password."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from forecourt import access
from forecourt.core.access import LONGEST_NAME, Principal, check_may_administer
from forecourt.core.credentials import User
from forecourt.core.records import LONGEST_ADVERTISER, Role
from forecourt.store.engine import reading, writing
from forecourt.web.api.bodies import BoundedRoute
from forecourt.web.api.paging import Cursor, Limit, Page, make_cursor, read_cursor
from forecourt.web.auth import Caller
from forecourt.web.problems import ProblemError, describe
from forecourt.web.service import Served, Service

router = APIRouter(
    tags=["users"], route_class=BoundedRoute, responses=describe(401, 403, 413, 422, 429, 503)
)
_LONGEST_PASSWORD = 1_024

UserId = Annotated[int, Path(ge=1, le=2**63 - 1, description="Number of the user.")]
Password = Annotated[SecretStr, Field(min_length=1, max_length=_LONGEST_PASSWORD)]


class UserIn(BaseModel):
    """A user to be made."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"name": "Ada", "password": "four words or more, please", "role": "staff"}]
        },
    )

    name: str = Field(
        min_length=1,
        max_length=LONGEST_NAME,
        description="To sign in by, in any letter case; never given twice.",
    )
    password: Password = Field(description="At least 12 characters.")
    role: Role
    advertiser: str | None = Field(
        None,
        min_length=1,
        max_length=LONGEST_ADVERTISER,
        description="Whose; for the role advertiser, and only there.",
    )


class PasswordIn(BaseModel):
    """Another password."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"password": "four words or more, please"}]},
    )

    password: Password = Field(description="At least 12 characters.")
    current_password: Password | None = Field(
        None, description="The one until now; asked of users who change their own."
    )


class UserOut(BaseModel):
    """Somebody who signs in at the panel."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [
                {
                    "id": 3,
                    "name": "Ada",
                    "role": "staff",
                    "advertiser": None,
                    "created_at": "2026-11-24T08:00:00Z",
                    "created_by": "Ben",
                    "password_changed_at": "2026-11-24T08:00:00Z",
                    "disabled_at": None,
                    "disabled_by": None,
                }
            ]
        },
    )

    id: int
    name: str
    role: Role
    advertiser: str | None
    created_at: datetime
    created_by: str
    password_changed_at: datetime
    disabled_at: datetime | None
    disabled_by: str | None


@router.get("/users", response_model=Page[UserOut])
def list_users(service: Served, caller: Caller, cursor: Cursor = None, limit: Limit = 50) -> Any:
    """List users, disabled ones too, the newest first."""
    check_may_administer(caller)
    with reading(service.engine) as connection:
        found = access.latest_users(connection, before_id=read_cursor(cursor), limit=limit + 1)
    shown = found[:limit]
    following = shown[-1].id if len(found) > limit else None
    return {"items": shown, "next_cursor": make_cursor(following)}


@router.post("/users", status_code=201, response_model=UserOut, responses=describe(409))
def create_user(service: Served, caller: Caller, request: Request, body: UserIn) -> User:
    """Make a user. A name is given once, so the same request sent again makes no second one."""
    check_may_administer(caller)
    new = access.NewUser(
        name=body.name,
        password=body.password.get_secret_value(),
        role=body.role,
        advertiser=body.advertiser,
    )
    with writing(service.engine) as connection:
        return access.create_user(
            connection,
            caller,
            new,
            now=datetime.now(UTC),
            request_id=request.state.request_id,
        )


@router.post("/users/{user_id}/disable", response_model=UserOut, responses=describe(404))
def disable_user(service: Served, caller: Caller, request: Request, user_id: UserId) -> User:
    """Let a user in no more, for good, and end their sessions. Again, it changes nothing."""
    check_may_administer(caller)
    with writing(service.engine) as connection:
        name = access.get_user(connection, user_id).name
        return access.disable_user(
            connection,
            caller,
            name,
            now=datetime.now(UTC),
            request_id=request.state.request_id,
        )


@router.put("/users/{user_id}/password", response_model=UserOut, responses=describe(404))
def set_password(
    service: Served, caller: Caller, request: Request, user_id: UserId, body: PasswordIn
) -> User:
    """Give a user another password, which ends all sessions of theirs.

    Admins may do it for everybody, and everybody for themselves with the password until now.
    """
    if caller.user_id == user_id:
        _check_current(service, caller, body.current_password)
    else:
        check_may_administer(caller)
    with writing(service.engine) as connection:
        name = access.get_user(connection, user_id).name
        access.set_password(
            connection,
            caller,
            name,
            body.password.get_secret_value(),
            now=datetime.now(UTC),
            request_id=request.state.request_id,
        )
        return access.get_user(connection, user_id)


def _check_current(service: Service, caller: Principal, given: SecretStr | None) -> None:
    if given is None:
        raise ProblemError(
            422, "invalid", "Give your password until now, too, as `current_password`."
        )
    password = given.get_secret_value()
    now = datetime.now(UTC)
    if access.authenticate_user(service.engine, caller.name, password, now=now) is None:
        raise ProblemError(
            403, "forbidden", "`current_password` is not your password; nothing was changed."
        )
