"""Stage: who comes in, by API key or by signing in, and the log of what they do.

Functions take a connection and do not commit; `authenticate_user` is the exception, since hashing a
password takes longer than a transaction should. Whatever changes keys or users is written to the
audit log in the same transaction.
"""

from forecourt.access.keys import (
    NewKey,
    authenticate_key,
    create_key,
    latest_keys,
    list_keys,
    note_key_used,
    revoke_key,
)
from forecourt.access.log import audit, list_audit
from forecourt.access.passwords import check_password
from forecourt.access.sessions import (
    close_session,
    find_session,
    is_csrf_token,
    note_session_used,
    open_session,
)
from forecourt.access.users import (
    NewUser,
    authenticate_user,
    create_user,
    disable_user,
    get_user,
    latest_users,
    list_users,
    set_password,
)

__all__ = [
    "NewKey",
    "NewUser",
    "audit",
    "authenticate_key",
    "authenticate_user",
    "check_password",
    "close_session",
    "create_key",
    "create_user",
    "disable_user",
    "find_session",
    "get_user",
    "is_csrf_token",
    "latest_keys",
    "latest_users",
    "list_audit",
    "list_keys",
    "list_users",
    "note_key_used",
    "note_session_used",
    "open_session",
    "revoke_key",
    "set_password",
]
