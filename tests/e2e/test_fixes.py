"""A correction, once made, holds: through new URLs, new headers, new models and lying hosts."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from forecourt import review
from forecourt.cli import app
from forecourt.core.fixes import Actor, ActSource, NewAct
from forecourt.core.labels import ImageType
from forecourt.core.records import Role
from forecourt.core.settings import Settings
from forecourt.jobs.tasks import accept_feed, tag
from forecourt.jobs.workspace import Workspace
from forecourt.sitemap import image_to_json, iter_sitemap
from forecourt.store.engine import reading, writing
from tests.support.image_host import ImageHost
from tests.support.pictures import jpeg
from tests.support.tiny_bundle import PAINTS

FRESH = {"Cache-Control": "max-age=86400"}


class Acme:
    """An advertiser whose scrapes are lists of URLs, an image a vehicle."""

    def __init__(self, workspace: Workspace, folder: Path) -> None:
        self._workspace = workspace
        self._folder = folder
        self._scrapes = 0

    def scrape(self, urls: list[str]) -> None:
        self._scrapes += 1
        feed = self._folder / f"{self._scrapes}.json"
        vehicles = [{"id": f"v{number}", "images": [url]} for number, url in enumerate(urls)]
        feed.write_text(
            json.dumps({"advertiser": "acme", "n": self._scrapes, "vehicles": vehicles})
        )
        accepted = accept_feed(self._workspace, feed, advertiser=None, on_refused=pytest.fail)
        tag(self._workspace, accepted.scrape.id)

    def fix(self, url: str) -> None:
        act = NewAct(
            actor=Actor(name="Ada", role=Role.STAFF),
            at=datetime(2026, 11, 24, tzinfo=UTC),
            source=ActSource.API,
        )
        with writing(self._workspace.engine) as connection:
            review.fix_images(
                connection,
                act,
                advertiser="acme",
                urls=[url],
                change=review.Change(image_type=ImageType.STOCK),
                model_version=self._workspace.champion.version,
            )

    def images(self) -> list[dict[str, Any]]:
        with reading(self._workspace.engine) as connection:
            version = self._workspace.champion.version
            return [
                image_to_json(image)
                for entry in iter_sitemap(connection, "acme", model_version=version)
                for image in entry.images
            ]

    def type_of(self, number: int) -> tuple[str, str]:
        shown = self.images()[number]["image_type"]
        return shown["value"], shown["source"]


@pytest.fixture
def acme(workspace: Workspace, tmp_path: Path) -> Acme:
    return Acme(workspace, tmp_path)


def test_fix_says_who_made_it_and_keeps_what_the_model_said(acme: Acme, host: ImageHost) -> None:
    url = host.put("/a.jpg", jpeg(PAINTS["Red"]))
    acme.scrape([url])
    acme.fix(url)
    (image,) = acme.images()
    assert image["image_type"] == {
        "value": "Stock",
        "source": "fix",
        "confidence": None,
        "reason": "fixed by staff (Ada) on 2026-11-24",
    }
    assert image["predicted"]["image_type"] == "Dealer"
    assert image["review"] is False


def test_fix_holds_when_the_cdn_changes_url_and_headers(acme: Acme, host: ImageHost) -> None:
    body = jpeg(PAINTS["Red"])
    url = host.put("/a.jpg", body, etag='"one"')
    acme.scrape([url])
    acme.fix(url)
    host.put("/a.jpg", body, etag='"two"')  # other headers
    acme.scrape([url])
    assert acme.type_of(0) == ("Stock", "fix")
    acme.scrape([host.put("/moved/b.jpg", body, etag=None)])  # another URL, and no validator
    assert acme.type_of(0) == ("Stock", "fix")


def test_fix_stays_with_its_picture_and_not_with_its_url(acme: Acme, host: ImageHost) -> None:
    url = host.put("/a.jpg", jpeg(PAINTS["Red"]))
    acme.scrape([url])
    acme.fix(url)
    host.put("/a.jpg", jpeg(PAINTS["Blue"]))  # the seller replaced the picture
    acme.scrape([url])
    assert acme.type_of(0) == ("Dealer", "model")


def test_fixed_image_is_checked_against_its_bytes_at_every_scrape(
    acme: Acme, host: ImageHost
) -> None:
    """Also where its host is trusted and its last answer fresh; others cost no request then."""
    urls = [
        host.put(f"/{number}.jpg", jpeg(PAINTS["Red"], seed=number), headers=FRESH)
        for number in range(6)
    ]
    for _scrape in range(3):  # the host proves its headers
        acme.scrape(urls)
    host.log.clear()
    acme.scrape(urls)
    assert host.log == []
    acme.fix(urls[2])
    acme.scrape(urls)
    assert [(entry.path, entry.status) for entry in host.log] == [("/2.jpg", 200)]


def test_lying_headers_do_not_put_a_fix_on_another_picture(acme: Acme, host: ImageHost) -> None:
    urls = [
        host.put(f"/{n}.jpg", jpeg(PAINTS["Red"], seed=n), etag=f'"{n}"', headers=FRESH)
        for n in range(6)
    ]
    for _scrape in range(3):
        acme.scrape(urls)
    acme.fix(urls[2])
    host.put("/2.jpg", jpeg(PAINTS["Blue"]), etag='"2"', headers=FRESH)  # same tag, other bytes
    acme.scrape(urls)
    assert acme.type_of(2) == ("Dealer", "model")
    assert acme.images()[2]["color"]["value"] == "Blue"


def test_fix_history_and_conflicts_from_the_shell(
    acme: Acme, host: ImageHost, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORECOURT_HOME", str(settings.home))
    monkeypatch.setenv("FORECOURT_VISION__BUNDLE", str(settings.vision.bundle))
    url = host.put("/a.jpg", jpeg(PAINTS["Red"]))
    acme.scrape([url])

    def run(*arguments: str) -> Any:
        result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    common = ("--advertiser", "acme")
    made = run(
        "fix", *common, "--url", url, "--type", "stock", "--color", "none", "--by", "Ada", "--json"
    )
    assert [(fix["field"], fix["from"], fix["to"]) for fix in made["fixes"]] == [
        ("image_type", "Dealer", "Stock"),
        ("color", "Red", None),
    ]
    assert acme.type_of(0) == ("Stock", "fix")
    run(
        "fix", *common, "--url", url, "--type", "Dealer", "--by", "owner", "--role", "advertiser",
        "--json",
    )  # fmt: skip
    (conflict,) = run("conflicts", "--json")
    assert [fix["role"] for fix in conflict["positions"]] == ["staff", "advertiser"]
    run("revert", "--act", str(made["act_id"]), "--by", "Ada", "--json")
    assert run("conflicts", "--json") == []
    history = run("history", *common, "--url", url, "--json")
    assert [(fix["by"], fix["live"]) for fix in history] == [
        ("Ada", False),
        ("Ada", False),
        ("owner", True),
    ]


@pytest.fixture
def shell(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.setenv("FORECOURT_HOME", str(settings.home))
    monkeypatch.setenv("FORECOURT_VISION__BUNDLE", str(settings.vision.bundle))

    def run(*arguments: str, given: str | None = None) -> Result:
        return CliRunner().invoke(app, list(arguments), input=given)

    return run


def test_bulk_fix_from_the_shell__previewed_confirmed_and_undone(
    acme: Acme, host: ImageHost, shell: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    urls = [host.put(f"/{n}.jpg", jpeg(PAINTS["Red"], seed=n)) for n in range(12)]
    acme.scrape(urls)
    common = ("fix", "--advertiser", "acme", "--by", "Ada", "--type", "Stock")
    wanted = (*common, "--shown-color", "red")

    counted = json.loads(shell(*wanted, "--dry-run", "--json").stdout)
    assert counted["images"] == 12
    assert counted["examples"][0] == {
        "vehicle_id": "v0",
        "url": urls[0],
        "image_type": "Dealer",
        "color": "Red",
    }
    refused = shell(*wanted)  # no terminal to ask on
    assert "would fix 12 images. Look at them with --dry-run" in str(refused.exception)
    monkeypatch.setattr("forecourt.cli.fix._is_terminal", lambda: True)
    answered_no = shell(*wanted, given="n\n")
    assert answered_no.exit_code == 1
    assert "12 images." in answered_no.stdout
    assert acme.type_of(0) == ("Dealer", "model")

    done = shell(*wanted, "--json", given="y\n")
    made = json.loads(done.stdout[done.stdout.index("{") :])
    assert (made["count"], len(made["fixes"])) == (12, 12)
    assert {image["image_type"]["value"] for image in acme.images()} == {"Stock"}
    undone = json.loads(
        shell("revert", "--act", str(made["act_id"]), "--by", "Ada", "--json").stdout
    )
    assert [fix["live"] for fix in undone["fixes"]] == [False] * 12
    assert {image["image_type"]["value"] for image in acme.images()} == {"Dealer"}

    assert shell(*common, "--vehicle", "v1", "--vehicle", "v2").exit_code == 0  # is not asked
    assert [acme.type_of(n)[1] for n in range(4)] == ["model", "fix", "fix", "model"]
    printed = shell(*wanted, "--yes").stdout
    assert "Act 4. To undo" in printed.replace("\n", " ")
    nothing = shell(*common, "--status", "skipped")
    assert "Nothing in the sitemap of 'acme' fits" in str(nothing.exception)
    unsaid = shell(*common)
    assert "Say which images" in str(unsaid.exception)


def test_filter_that_fits_more_than_was_agreed_to_fixes_nothing(
    acme: Acme, host: ImageHost, shell: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the question and the answer a scrape may come in."""
    urls = [host.put(f"/{n}.jpg", jpeg(PAINTS["Red"], seed=n)) for n in range(13)]
    acme.scrape(urls[:11])

    def answer_late(*_: object, **__: object) -> bool:
        acme.scrape(urls)
        return True

    monkeypatch.setattr("forecourt.cli.fix._is_terminal", lambda: True)
    monkeypatch.setattr("typer.confirm", answer_late)
    done = shell("fix", "-a", "acme", "--by", "Ada", "--type", "Stock", "--all")
    assert "Meanwhile 13 images fit, not 11" in str(done.exception)
    assert {image["image_type"]["source"] for image in acme.images()} == {"model"}
    assert json.loads(shell("history", "-a", "acme", "--json").stdout) == []


def test_rulings_from_the_shell(acme: Acme, host: ImageHost, shell: Callable[..., Result]) -> None:
    url = host.put("/a.jpg", jpeg(PAINTS["Red"]))
    acme.scrape([url])

    def run(*arguments: str) -> Any:
        result = shell(*arguments, "--json")
        assert result.exit_code == 0, result.exception
        return json.loads(result.stdout)

    fix = ("fix", "-a", "acme", "--url", url)
    run(*fix, "--color", "blue", "--by", "Ada")
    run(*fix, "--color", "black", "--by", "owner", "--role", "advertiser")
    (conflict,) = run("conflicts")
    assert (conflict["field"], conflict["status"]) == ("color", "open")
    resolve = ("resolve", "--image", str(conflict["image_id"]), "--field", "color", "--by", "Bo")

    kept = run(*resolve, "--keep-both", "--note", "matt paint", "--seen", conflict["version"])
    second = shell(*resolve, "--everyone", "White", "--seen", conflict["version"])
    assert "Since you looked Bo has ruled on it" in str(second.exception)
    assert (kept["count"], kept["fixes"]) == (0, [])
    assert run("conflicts") == []
    assert run("conflicts", "--all")[0]["status"] == "keep_both"
    history = run("history", "-a", "acme", "--url", url)
    assert [one["kind"] for one in history] == ["fix", "fix", "ruling"]
    assert (history[2]["by"], history[2]["note"], history[2]["ruling"]) == (
        "Bo",
        "matt paint",
        "keep_both",
    )
    for words in (shell("history", "-a", "acme").stdout, shell("conflicts", "--all").stdout):
        assert "keep_both" in words

    settled = run(*resolve, "--everyone", "none")
    assert [(one["to"], one["live"]) for one in settled["fixes"]] == [
        ("Blue", False),
        ("Black", False),
        (None, True),
    ]
    assert acme.images()[0]["color"]["value"] is None
    run("revert", "--act", str(settled["act_id"]), "--by", "Bo")
    assert acme.images()[0]["color"]["value"] == "Black"
    run(*resolve, "--ambiguous")
    assert "0 open conflicts, 1 ruled." in shell("conflicts", "--all").stdout

    theirs = shell(*resolve, "--keep-both", "--role", "advertiser", "-a", "acme")
    assert "Only staff may rule" in str(theirs.exception)
    for wrong in ((), ("--keep-both", "--ambiguous")):
        assert "Say one of" in str(shell(*resolve, *wrong).exception)
