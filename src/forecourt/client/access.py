"""Keys, users and the audit log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from forecourt.client.admin_answers import AuditEntry, Caller, Key, NewKey, User
from forecourt.client.answers import Role
from forecourt.client.operations import Operations, given
from forecourt.client.transport import Call


class Access(Operations):
    """Operations on who comes in, and what they did."""

    def whoami(self) -> Caller:
        """Return whose key this is, and what it may do."""
        caller: Caller = self._get("/v1/session")
        return caller

    def iter_keys(self, advertiser: str | None = None) -> Iterator[Key]:
        """Yield keys, dead ones too, the newest first; of one advertiser or of all."""
        return self._iterate("/v1/keys", given(advertiser=advertiser))

    def create_key(
        self,
        name: str,
        role: Role,
        *,
        advertiser: str | None = None,
        scopes: Sequence[str] | None = None,
        expires_at: datetime | None = None,
        idempotency_key: str | None = None,
    ) -> NewKey:
        """Make a key; its `token` is in this answer, and nowhere else.

        Args:
            name: What it is for.
            role: In which it acts.
            advertiser: Whose; for the role advertiser, and only there.
            scopes: What it may do; None: all that the role may.
            expires_at: When it stops working, with a zone; None: never.
            idempotency_key: None: one that is new.
        """
        body = given(
            name=name,
            role=role,
            advertiser=advertiser,
            scopes=None if scopes is None else list(scopes),
            expires_at=expires_at and expires_at.isoformat(),
        )
        made: NewKey = self._post_once("/v1/keys", body, idempotency_key)
        return made

    def revoke_key(self, key_id: str) -> Key:
        """Let a key open nothing from now on, for good."""
        key: Key = self._post(f"/v1/keys/{key_id}/revoke", again=True)
        return key

    def iter_users(self) -> Iterator[User]:
        """Yield users of the panel, disabled ones too, the newest first."""
        return self._iterate("/v1/users")

    def create_user(
        self, name: str, password: str, role: Role, *, advertiser: str | None = None
    ) -> User:
        """Make a user. A name is given once (409)."""
        body = given(name=name, password=password, role=role, advertiser=advertiser)
        user: User = self._post("/v1/users", body, again=False)
        return user

    def disable_user(self, user_id: int) -> User:
        """Let a user in no more, for good."""
        user: User = self._post(f"/v1/users/{user_id}/disable", again=True)
        return user

    def set_password(self, user_id: int, password: str) -> User:
        """Give a user another password, which ends all sessions of theirs."""
        call = Call(
            method="PUT",
            path=f"/v1/users/{user_id}/password",
            json={"password": password},
            may_repeat=True,
        )
        user: User = self._transport.ask(call)
        return user

    def iter_audit(
        self,
        advertiser: str | None = None,
        *,
        action: str | None = None,
        by: str | None = None,
        until: datetime | None = None,
    ) -> Iterator[AuditEntry]:
        """Yield what people and programs did, the newest first.

        `advertiser`: what was about this one; None: an advertiser's own, else everything, which
        only admins see.
        """
        params = given(
            advertiser=advertiser, action=action, by=by, until=until and until.isoformat()
        )
        return self._iterate("/v1/audit", params)
