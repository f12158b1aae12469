"""Structured logs: one event a line on standard error, JSON for machines or text for people."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import structlog

# Quotes may stand inside an address, and a password may hold one: better too much is cut.
_ADDRESS = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://[^\s<>]+")
_SECRET = re.compile(r"\b(fc_|whsec_)[A-Za-z0-9_+/=-]{8,}")
_NAMED = re.compile(
    r"(?i)(\b(?:password|passwd|pgpassword|token|secret|api[_-]?key)=|\bbearer\s+)[^\s&]+"
)


def configure_logs(*, as_json: bool, level: int = logging.WARNING) -> None:
    """Set up logging for this process, libraries included. Standard output stays for results."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _redact,  # behind the line above: a traceback may quote an address too
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(handlers=[handler], level=max(level, logging.WARNING), force=True)


def without_query(url: str) -> str:
    """Return `url` without credentials, query and fragment: those may hold secrets."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "(unreadable URL)"
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "", ""))


def redacted(text: str) -> str:
    """Return `text` with every address in it cut short, and without our own keys and secrets."""
    without_queries = _ADDRESS.sub(lambda found: without_query(found[0]), text)
    return _NAMED.sub(r"\1...", _SECRET.sub(r"\1...", without_queries))


def _redact(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    for name, value in event.items():
        event[name] = _redact_value(value)
    return event


def _redact_value(value: Any) -> Any:
    if isinstance(value, str):
        return redacted(value)
    if isinstance(value, Mapping):
        return {name: _redact_value(one) for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_redact_value(one) for one in value]
    if isinstance(value, BaseException):
        return redacted(f"{type(value).__name__}: {value}")
    return value
