"""Who may come in, and what they did: API keys, users, sessions, the audit log.

No secret stands here in clear. Keys and session tokens are random, 256 bits each: nobody finds them
by trying, so that a plain SHA-256 hides them as well as a slow hash would, and costs a request
nothing. Passwords are chosen by people, and get a slow one.
"""

from sqlalchemy import JSON, Column, ForeignKey, Index, Integer, String, Table, Text

from forecourt.store.schema.base import UtcDateTime, id_column, metadata, ref

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String(16), primary_key=True),  # the public part of the token
    Column("secret_digest", String(64), nullable=False),  # SHA-256, hexadecimal
    Column("name", String(200), nullable=False),
    Column("role", String(16), nullable=False),  # Role
    # No reference to advertisers: a key may be made before the advertiser's first scrape.
    Column("advertiser", String(200)),
    Column("scopes", JSON, nullable=False),  # list of Scope
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", String(200), nullable=False),
    Column("expires_at", UtcDateTime),
    Column("revoked_at", UtcDateTime),
    Column("revoked_by", String(200)),
    Column("last_used_at", UtcDateTime),  # to the minute
)

users = Table(
    "users",
    metadata,
    id_column(),
    Column("name", String(200), nullable=False),
    # SHA-256 of the name without regard to letter case: whatever is typed can be looked up.
    Column("name_key", String(64), nullable=False, unique=True),
    Column("password_hash", Text, nullable=False),  # argon2id with its parameters
    Column("role", String(16), nullable=False),  # Role
    Column("advertiser", String(200)),
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", String(200), nullable=False),
    Column("password_changed_at", UtcDateTime, nullable=False),
    Column("disabled_at", UtcDateTime),
    Column("disabled_by", String(200)),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_digest", String(64), primary_key=True),  # SHA-256, hexadecimal
    ref("user_id", "users.id"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),  # to the minute
    Column("expires_at", UtcDateTime, nullable=False),
    Index(None, "user_id"),
    Index(None, "expires_at"),
)

# By name, not by user: whether a name exists must not show. Names are kept as digests, because
# people type passwords into that field.
login_failures = Table(
    "login_failures",
    metadata,
    Column("name_key", String(64), primary_key=True),
    Column("failures", Integer, nullable=False),  # in a row
    Column("last_failed_at", UtcDateTime, nullable=False),
    Index(None, "last_failed_at"),
)

# Append-only.
audit_log = Table(
    "audit_log",
    metadata,
    id_column(),
    Column("at", UtcDateTime, nullable=False),
    Column("by", String(200), nullable=False),
    Column("role", String(16), nullable=False),  # Role
    Column("key_id", String(16), ForeignKey("api_keys.id")),
    ref("user_id", "users.id", nullable=True),
    Column("advertiser", String(200)),  # whose inventory it was about
    Column("action", String(64), nullable=False),
    Column("target", String(400), nullable=False),
    Column("detail", JSON, nullable=False),
    Column("request_id", String(64)),
    Index(None, "advertiser", "id"),
    Index(None, "action", "id"),
    Index(None, "by", "id"),
    Index(None, "at", "id"),
)
