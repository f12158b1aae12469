"""Whatever commands and servers write, no secret that came in stands in it."""

from __future__ import annotations

import json
import logging
import signal
import urllib.error
import urllib.request

import pytest
import structlog

from forecourt.core.logs import configure_logs, redacted
from tests.e2e.test_serving import Process, ask, wait_until
from tests.support.command_line import Run, Start, write_feed
from tests.support.image_host import ImageHost
from tests.support.pictures import jpeg
from tests.support.tiny_bundle import PAINTS

SECRET = "hunter22"  # noqa: S105
HOSTILE = [
    f"https://user:{SECRET}@host.example/x?token={SECRET}",
    f"https://host.example/x#{SECRET}",
    f"postgresql+psycopg://ada:{SECRET}@db.example/shop",
    f"https://us'er:pa\"ss{SECRET}@host.example/",
    f"connection failed: host=db user=ada password={SECRET} dbname=shop",
    f"Authorization: Bearer {SECRET}",
    f"api_key={SECRET}&x=1",
    f"fc_0123456789_{SECRET}",
    f"whsec_{SECRET}{SECRET}",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_redacted_keeps_no_secret(text: str) -> None:
    assert SECRET not in redacted(f"it failed ({text}) at last")
    assert redacted("it failed at last") == "it failed at last"


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("name", ["uvicorn.error", "procrastinate.worker", "sqlalchemy.engine"])
def test_loggers_of_libraries_keep_no_secret(
    name: str, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logs(as_json=True, level=logging.INFO)
    log = logging.getLogger(name)
    log.warning("lost %s", text)
    try:
        raise ValueError(text)  # noqa: TRY301
    except ValueError:
        log.exception("broken")
        structlog.get_logger(name).exception("broken", url=text, many=[text], named={"a": text})
    written = capsys.readouterr().err
    assert len(written.splitlines()) == 3
    assert SECRET not in written


@pytest.mark.usefixtures("command_settings")
def test_commands_write_no_secret(
    host: ImageHost, run: Run, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = host.put("/red.jpg", jpeg(PAINTS["Red"]))
    broken = host.put("/broken.jpg", b"no picture")
    urls = [f"{one}?token={SECRET}" for one in (path, broken, host.url("/missing.jpg"))]
    urls += [f"http://user:{SECRET}@127.0.0.1:1/a.jpg", f"http://10.0.0.1/a?sig={SECRET}"]
    feed = write_feed(tmp_path, {"one": urls})  # type: ignore[arg-type]
    ended = run("--verbose", "tag", feed)
    assert SECRET not in ended.out + ended.err
    assert "skipped" in ended.out
    ended = run("doctor", "--egress", f"http://user:{SECRET}@127.0.0.1:1/a?token={SECRET}")
    assert ended.code == 1
    assert SECRET not in ended.out + ended.err
    monkeypatch.setenv("FORECOURT_DATABASE", f"postgresql://ada:{SECRET}@127.0.0.1:1/shop")
    monkeypatch.setenv("FORECOURT_SERVE__DATABASE_WAIT_S", "1")
    for command in (["doctor", "--json"], ["migrate"], ["tag", str(feed)], ["serve"], ["worker"]):
        ended = run(*command)
        assert ended.code in {1, 2}
        assert SECRET not in ended.out + ended.err


@pytest.mark.usefixtures("command_settings")
def test_a_server_writes_no_secret(host: ImageHost, run: Run, start: Start) -> None:
    key = run("keys", "create", "shop", "--role", "staff", "--by", "ada").out.strip()
    process = Process(start("--json-logs", "serve", "--port", "0"))
    base = f"http://127.0.0.1:{json.loads(process.wait_for('server.listening'))['port']}"
    url = host.put("/red.jpg", jpeg(PAINTS["Red"]))
    feed = {"vehicles": [{"id": "one", "images": [f"{url}?token={SECRET}", HOSTILE[0]]}]}
    scrape = ask(f"{base}/v1/advertisers/acme/scrapes?x={SECRET}", key, feed)
    wait_until(lambda: ask(f"{base}/v1/scrapes/{scrape['id']}", key)["status"] == "finished")
    ask(f"{base}/v1/classify", key, {"urls": [HOSTILE[0], f"{url}?t={SECRET}"]})
    for token in (SECRET, f"fc_0123456789abcdef_{SECRET}"):
        with pytest.raises(urllib.error.HTTPError, match="401"):
            ask(f"{base}/v1/scrapes/1?key={SECRET}", token)
    process.popen.send_signal(signal.SIGTERM)
    assert process.end() == 0
    written = "".join(process.lines)
    assert "http.answered" in written
    assert SECRET not in written
    assert key not in written
