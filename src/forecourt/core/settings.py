"""All settings, one frozen object, read once at the edge and passed down.

Every field can be set by an environment variable: `FORECOURT_` and the field's name, a nested field
after two underscores (`FORECOURT_FETCH__TIMEOUT_S=10`).
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any

import pydantic_settings
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from forecourt.core.errors import SettingsError

Network = IPv4Network | IPv6Network

_PREFIX = "FORECOURT_"
_YEAR_S = 31_536_000.0
# Pictures and weights for training and for tests: none of ours, but known.
_OTHERS = frozenset({"FORECOURT_DATA", "FORECOURT_WEIGHTS"})
# What Kubernetes sets in every container beside a service that is called "forecourt".
_SERVICE = re.compile(
    r"FORECOURT_(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_\w+)?)?)"
)


class FetchSettings(BaseModel):
    """How images are asked for."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    concurrency: int = Field(
        64, ge=1, le=1024, description="Requests in flight, all hosts together."
    )
    per_host: int = Field(16, ge=1, le=1024, description="Requests in flight to one host.")
    connect_timeout_s: float = Field(10.0, gt=0, description="Limit for one TCP and TLS connect.")
    timeout_s: float = Field(
        30.0, gt=0, description="Limit for one attempt, redirects and body included."
    )
    retries: int = Field(2, ge=0, le=10, description="Further attempts after a passing failure.")
    backoff_s: float = Field(
        0.5, ge=0, description="First pause between attempts; doubles, with jitter."
    )
    max_retry_after_s: float = Field(
        30.0, ge=0, description="Longest Retry-After that is waited for."
    )
    max_redirects: int = Field(5, ge=0, le=20, description="Redirects followed, each re-checked.")
    max_bytes: int = Field(
        32 * 2**20, ge=1024, description="Longest body read, packed or unpacked."
    )
    max_validity_s: float = Field(
        43_200.0,
        ge=0,
        le=_YEAR_S,
        description="Longest time a trusted host's Cache-Control is believed.",
    )
    verify_share: float = Field(
        0.01, ge=0, le=1, description="Share of a trusted host's header hits verified by the bytes."
    )
    verify_first: int = Field(
        50, ge=1, description="Header hits of a new host verified before it is trusted."
    )
    allow_networks: Annotated[tuple[Network, ...], NoDecode] = Field(
        (), description="Networks allowed besides public ones, comma separated (127.0.0.0/8)."
    )

    @field_validator("allow_networks", mode="before")
    @classmethod
    def _split_networks(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(ip_network(part.strip()) for part in value.split(",") if part.strip())
        return value


class VisionSettings(BaseModel):
    """How images are decoded and classified."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    bundle: Path | None = Field(
        None, description="Model folder that is pinned; default: the champion."
    )
    threads: int = Field(
        0, ge=0, le=1024, description="Threads for decoding and inference; 0: all cores."
    )
    batch: int = Field(32, ge=1, le=512, description="Images per inference batch.")
    max_pixels: int = Field(64_000_000, ge=10_000, description="Largest image decoded, in pixels.")

    @field_validator("bundle")
    @classmethod
    def _expand_bundle(cls, value: Path | None) -> Path | None:
        return None if value is None else _expand(value)


class AccessSettings(BaseModel):
    """How long people stay signed in, and how often keys may ask."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    session_idle_s: float = Field(
        43_200.0, ge=300, le=_YEAR_S, description="A session ends when unused for so long."
    )
    session_max_s: float = Field(
        604_800.0, ge=300, le=_YEAR_S, description="A session ends so long after signing in."
    )
    rate_per_minute: float = Field(
        600.0, gt=0, description="Requests a minute of one key or user, in one server process."
    )
    rate_burst: int = Field(100, ge=1, description="Requests at once before that rate counts.")


class ServeSettings(BaseModel):
    """How the server answers, and how much it does at once."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    host: str = Field("127.0.0.1", description="Address that the server listens on.")
    port: int = Field(8000, ge=0, le=65_535, description="Port that the server listens on.")
    scrapes_at_once: int = Field(
        2, ge=1, le=256, description="Scrapes that one process tags at once."
    )
    max_upload_bytes: int = Field(
        2**30, ge=1024, description="Longest feed or picture that is taken in one request."
    )
    answers_kept_s: float = Field(
        86_400.0, ge=60, le=_YEAR_S, description="How long an Idempotency-Key is remembered."
    )
    database_wait_s: float = Field(
        60.0, ge=0, le=86_400, description="How long to wait for PostgreSQL at the start."
    )
    champion_checked_s: float = Field(
        2.0, gt=0, le=3600, description="Pause between looks for another champion."
    )


class Settings(BaseSettings):
    """Everything that can be set."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX,
        env_nested_delimiter="__",
        env_ignore_empty=True,  # FORECOURT_HOME= in a shell script means "not set", not "here"
        frozen=True,
        extra="ignore",
    )

    def __init__(self, **values: Any) -> None:
        """Read what `values` do not give from the environment.

        Raises:
            SettingsError: a value makes no sense, or a variable is none of ours; it is named.
        """
        unknown = [_explain_unknown(name) for name in sorted(os.environ) if _is_unknown(name)]
        if unknown:
            raise SettingsError(" ".join(unknown))
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise SettingsError(_explain(error)) from error
        except pydantic_settings.SettingsError as error:
            raise SettingsError(f"{error}; see docs/settings.md.") from error

    home: Path = Field(
        Path(".forecourt"), description="Folder of the database, the thumbnails and the models."
    )
    database: str | None = Field(
        None, description="Database URL; default: SQLite in the home folder."
    )
    fetch: FetchSettings = FetchSettings()
    vision: VisionSettings = VisionSettings()
    serve: ServeSettings = ServeSettings()
    access: AccessSettings = AccessSettings()

    @field_validator("home")
    @classmethod
    def _expand_home(cls, value: Path) -> Path:
        return _expand(value)

    @property
    def database_url(self) -> str:
        """URL for SQLAlchemy, from `database` or else the home folder."""
        return self.database or f"sqlite:///{self.home / 'forecourt.db'}"


def _expand(path: Path) -> Path:
    """Return a path with "~" as the shell would have it: in quotes, shells leave it as it is."""
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise ValueError(f"{error} Write the folder out") from error


def _variables(model: type[BaseModel], prefix: str = _PREFIX) -> Iterator[str]:
    for name, info in model.model_fields.items():
        yield prefix + name.upper()
        if isinstance(info.default, BaseModel):
            yield from _variables(type(info.default), f"{prefix}{name.upper()}__")


def _is_unknown(name: str) -> bool:
    """Whether a variable of the environment looks like a setting and is none.

    One of a nested group is left to the group, which knows its members.
    """
    upper = name.upper()
    if not upper.startswith(_PREFIX) or not os.environ[name]:
        return False
    nested = upper.partition("__")
    is_known = upper in {*_variables(Settings), *_OTHERS} or _SERVICE.fullmatch(upper)
    return not is_known and not (nested[1] and nested[0] in _variables(Settings))


def _explain_unknown(variable: str) -> str:
    known = [name.removeprefix(_PREFIX) for name in (*_variables(Settings), *sorted(_OTHERS))]
    near = difflib.get_close_matches(variable.upper().removeprefix(_PREFIX), known, 1)
    hint = f" Is {_PREFIX}{near[0]} meant?" if near else ""
    return f"{variable} is no setting; docs/settings.md lists them all.{hint}"


def _explain(error: ValidationError) -> str:
    """Return one sentence for each wrong value: its variable, the value, and what is asked for."""
    sentences = []
    for one in error.errors(include_url=False):
        variable = _PREFIX + "__".join(str(part) for part in one["loc"]).upper()
        if one["type"] == "extra_forbidden":
            sentences.append(_explain_unknown(variable))
        else:
            message = one["msg"].removeprefix("Value error, ").removeprefix("Input ")
            sentences.append(f"{variable} is {one['input']!r}, but: {message}.")
    return " ".join(sentences)
