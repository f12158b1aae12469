from __future__ import annotations

import json
import logging

import pytest
import structlog

from forecourt.core.logs import configure_logs, without_query


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://cdn.example/a.jpg?X-Amz-Signature=secret", "https://cdn.example/a.jpg"),
        ("https://user:secret@cdn.example:8443/a.jpg#secret", "https://cdn.example:8443/a.jpg"),
        ("https://user@name:secret@cdn.example/", "https://cdn.example/"),
        ("http://[::1", "(unreadable URL)"),
    ],
)
def test_without_query__keeps_no_secret(url: str, shown: str) -> None:
    assert without_query(url) == shown


def test_logs_go_to_standard_error_without_secrets(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(as_json=True, level=logging.INFO)
    try:
        log = structlog.get_logger("test")
        log.debug("not.shown")
        log.info("image.fetched", image_url="https://u:secret@h/a?sig=secret", count=3)
    finally:
        structlog.reset_defaults()
    captured = capsys.readouterr()
    assert captured.out == ""
    event = json.loads(captured.err)
    assert (event["event"], event["image_url"], event["count"]) == (
        "image.fetched",
        "https://h/a",
        3,
    )
