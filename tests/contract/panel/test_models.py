"""What the pages of models show of what is stored, to whom, and how they ask the database."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from forecourt import release
from forecourt.core.settings import Settings
from forecourt.jobs.retagging import run_retag
from forecourt.store.engine import writing
from forecourt.web.service import Service
from tests.contract.panel.conftest import Visitors
from tests.support.plans import check_plans, recording
from tests.support.shop import ACME, ZENITH
from tests.support.trials import NOW, answer_like, register_again, register_three, write_run

HOSTILE = "\"><img src=x onerror=alert(1)><script>alert(2)</script>'{{7*7}}"
# What was found before, which is bounded.
SMALL = frozenset({"looked_at", "both", "each_shown"})


@pytest.fixture
def settings(settings: Settings, database: str | None, tmp_path: Path) -> Settings:
    return register_three(settings, database, tmp_path)


@pytest.fixture
def service(service: Service, settings: Settings, tmp_path: Path) -> Service:
    """tiny-1 is the champion, and tiny-2 says something else of every fifth image."""
    register_again(service.engine, settings, tmp_path)
    answer_like(service.engine, "tiny-2", "tiny-1")
    return service


def show(browser: TestClient, path: str, **query: object) -> str:
    answer = browser.get(f"/panel/{path}", params=query)
    assert answer.status_code == 200, answer.text
    return html.unescape(answer.text)


@pytest.mark.parametrize("path", ["models", "models/tiny-2", "runs/2026.12-1/report"])
def test_who_sees_models(
    visitors: Visitors, service: Service, staff: TestClient, owner: TestClient, path: str
) -> None:
    write_run(service.settings.home)
    stranger = visitors.stranger().get(f"/panel/{path}", follow_redirects=False)
    assert stranger.headers["location"].startswith("/panel/sign-in?next=")
    assert owner.get(f"/panel/{path}").status_code == 404
    assert "Models" not in owner.get("/panel/sitemap?advertiser=acme").text
    assert staff.get(f"/panel/{path}").status_code == 200
    assert 'href="/panel/models"' in staff.get("/panel/").text


def test_only_admins_have_buttons(staff: TestClient, admin: TestClient) -> None:
    for path in ("models", "models/tiny-2"):
        assert "data-post" not in show(staff, path)
        assert "data-post" in show(admin, path)


def test_all_roles_of_models_are_shown(service: Service, admin: TestClient) -> None:
    home = service.settings.home
    with writing(service.engine) as connection:
        release.start_shadow(connection, home, "tiny-2", share=0.25, by="ann", note="", at=NOW)
        release.start_canary(connection, home, "tiny-3", [ACME], by="ann", note="", at=NOW)
        retag = release.request_retag(connection, "tiny-3", by="ann", at=NOW)
        over = release.request_retag(connection, None, advertiser=ZENITH, by="ann", at=NOW)
    run_retag(service.engines.workspace, over.id, threads=1)
    page = show(admin, "models")
    assert "25 % of what scrapes bring" in page
    assert 'data-post="/v1/canaries/drop"' in page
    assert f'data-post="/v1/retags/{retag.id}/cancel"' in page
    assert f'data-post="/v1/retags/{over.id}/cancel"' not in page, "it is finished"
    assert re.search(r'<progress max="12" value="12"', page)
    assert "waits for a server or worker" in page
    assert "champion</span>" in page
    assert "“first”" in page
    one = show(admin, "models/tiny-3")
    assert 'href="/panel/sitemap?advertiser=acme">acme</a>' in one
    assert "in the shadow</span>" in show(admin, "models/tiny-2")
    champion = show(admin, "models/tiny-1")
    assert "data-post" not in champion
    assert "Against the champion" not in champion


def test_candidates_come_with_scores_reasons_and_report(
    service: Service, staff: TestClient
) -> None:
    page = show(staff, "models")
    assert "No run of training lies in the home folder" in page
    write_run(service.settings.home)
    page = show(staff, "models")
    assert "98.5 %" in page
    assert "✓ passes" in page
    assert "kind=van: type right on 40 of 50" in page
    assert 'href="/panel/runs/2026.12-1/report"' in page
    report = staff.get("/panel/runs/2026.12-1/report")
    assert "A report" in report.text
    policy = report.headers.get_list("content-security-policy")
    assert len(policy) == 1
    assert "sandbox" in policy[0]
    assert "script-src" not in policy[0]
    for name in ("nope", "..%2F..", ".."):
        assert staff.get(f"/panel/runs/{name}/report").status_code in {404, 422}
    (service.settings.home / "runs" / "2026.12-1" / "run.json").write_text("{}")
    assert "is no record of a run" in show(staff, "models")


def test_disagreements_come_in_pages_and_by_advertiser(service: Service, staff: TestClient) -> None:
    other = answer_like(service.engine, "tiny-3", "tiny-1", every=1)
    page = show(staff, "models/tiny-3")
    assert page.count('class="two"') == 60
    following = re.search(r'href="(/panel/models/tiny-3\?cursor=[^"]+)" rel="next"', page)
    assert following
    rest = html.unescape(staff.get(following[1]).text)
    assert rest.count('class="two"') == len(other) - 60
    assert "First page" in rest
    zenith = show(staff, "models/tiny-3", advertiser=ZENITH)
    assert 0 < zenith.count('class="two"') < 12
    assert "advertiser=acme" not in zenith
    nobody = show(staff, "models/tiny-3", advertiser=HOSTILE)
    assert "Nothing to compare yet" in nobody
    assert (
        "<script>alert"
        not in staff.get("/panel/models/tiny-3", params={"advertiser": HOSTILE}).text
    )
    assert staff.get("/panel/models/nope").status_code == 404
    assert staff.get("/panel/models/%2e%2e").status_code in {404, 422}


def test_hostile_words_are_text(service: Service, staff: TestClient) -> None:
    home = service.settings.home
    with writing(service.engine) as connection:
        release.promote(connection, home, "tiny-2", by=HOSTILE, note=HOSTILE, at=NOW)
        release.start_shadow(
            connection, home, "tiny-3", share=1.0, by=HOSTILE, note=HOSTILE, at=NOW
        )
    (home / "models" / "tiny-3" / "MODEL_CARD.md").write_text(f"# {HOSTILE}\n")
    for path in ("models", "models/tiny-2", "models/tiny-3"):
        raw = staff.get(f"/panel/{path}").text
        assert "<img src=x" not in raw
        assert "<script>alert" not in raw
        assert html.escape("<script>alert(2)</script>") in raw


def test_history_comes_in_pages(service: Service, staff: TestClient) -> None:
    with writing(service.engine) as connection:
        for number in range(24):
            version = ("tiny-2", "tiny-1")[number % 2]
            release.promote(
                connection,
                service.settings.home,
                version,
                by="ann",
                note=f"round {number}",
                at=NOW,
            )
    page = show(staff, "models")
    assert "round 23" in page
    following = re.search(r'href="(/panel/models\?cursor=[^"]+)" rel="next"', page)
    assert following
    rest = staff.get(following[1]).text
    assert "round 0<" in rest.replace("“", "").replace("”", "")


@pytest.mark.parametrize("path", ["models", "models/tiny-2", "models/tiny-2?advertiser=acme"])
def test_nothing_large_is_read_from_end_to_end(
    service: Service, staff: TestClient, path: str
) -> None:
    with recording(service.engine) as sent:
        assert staff.get(f"/panel/{path}").status_code == 200
    check_plans(service.engine, sent, small=SMALL)
