"""Pages of staff and admins, in a real browser: every key and every button."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from forecourt.core.audit import AuditAction
from forecourt.core.labels import ImageType
from forecourt.core.records import Role
from forecourt.store.datasets import load_decisions
from forecourt.store.engine import reading
from forecourt.store.hosts import load_hosts
from tests.support.dataset_versions import rank_dataset, write_dataset
from tests.support.desk import HOSTILE, add_hosts, dispute, fix_as, url_of
from tests.support.panel import Panel

OpenPage = Callable[..., Page]
Look = Callable[[Page, str], None]


def told(page: Page, text: str) -> None:
    expect(page.locator("#told")).to_contain_text(text)


# ---- conflicts -----------------------------------------------------------------------------------


def states(page: Page) -> list[str]:
    return [one.strip() for one in page.locator("[data-status]").all_inner_texts()]


def test_conflicts__are_ruled_on_by_keys_and_undone(panel: Panel, page: Page, look: Look) -> None:
    dispute(panel.engine, 0, 1, 2, 3)
    page.goto("/panel/conflicts")
    expect(page.locator(".conflict")).to_have_count(4)
    expect(page.locator(".conflict").first).to_be_focused()
    expect(page.locator(".conflict").first).to_contain_text(HOSTILE)
    look(page, "conflicts")
    page.keyboard.press("1")
    told(page, "everyone: Placeholder")
    expect(page.locator(".conflict").nth(1)).to_be_focused()
    page.keyboard.press("k")
    told(page, "keep both")
    page.keyboard.press("a")
    told(page, "ambiguous")
    assert states(page) == ["everyone: Placeholder", "keep both", "ambiguous", "open"]
    page.keyboard.press("u")
    told(page, "undone")
    assert states(page)[2] == "open"
    page.keyboard.press("2")
    told(page, "everyone: Stock")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(page.locator(".conflict").first).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.locator(".conflict").nth(1)).to_be_focused()
    page.reload()
    expect(page.locator(".conflict")).to_have_count(1)


def test_conflicts__are_ruled_on_by_clicks_and_undone_later(panel: Panel, page: Page) -> None:
    dispute(panel.engine, 0)
    page.goto("/panel/conflicts")
    page.get_by_role("button", name="Each keeps their own").click()
    told(page, "keep both")
    page.get_by_role("link", name="All").click()
    article = page.locator(".conflict")
    expect(article).to_contain_text("keep both")
    article.get_by_text("History").click()
    expect(article.get_by_text("ada ruled")).to_be_visible()
    article.get_by_role("button", name="Undo the ruling").click()
    told(page, "undone")
    expect(article.locator("[data-status]")).to_have_text("open")
    article.get_by_role("button", name="Ambiguous").click()
    told(page, "ambiguous")
    page.goto("/panel/conflicts")
    expect(page.get_by_role("heading", name="Nobody disagrees")).to_be_visible()


def test_conflicts__what_another_ruled_meanwhile_is_told(panel: Panel, open_page: OpenPage) -> None:
    dispute(panel.engine, 0)
    page, other = open_page("ada", allow=("409",)), open_page("root")
    for one in (page, other):
        one.goto("/panel/conflicts")
    other.keyboard.press("k")
    told(other, "keep both")
    page.keyboard.press("1")  # another ruling, and still of what is no more
    told(page, "Since you looked root has ruled on it; nothing was changed")
    expect(page.locator("#told")).to_have_class(re.compile("problem"))


# ---- oddities ------------------------------------------------------------------------------------


def test_oddities__an_example_is_fixed_or_reverted(panel: Panel, page: Page, look: Look) -> None:
    for vehicle in (0, 1):
        fix_as(panel.engine, Role.ADVERTISER, url_of(vehicle), image_type=ImageType.PLACEHOLDER)
    page.goto("/panel/oddities")
    found = page.locator("article", has_text="The advertiser says Placeholder")
    expect(found).to_contain_text("2 images")
    look(page, "oddities")
    example = found.locator(".examples > li").first
    example.get_by_role("button", name="Revert this fix").click()
    told(page, "The fix is reverted")
    example.get_by_role("button", name="Undo").click()
    told(page, "Undone")
    other = found.locator(".examples > li").nth(1)
    other.get_by_label("Type of image").select_option("Stock")
    other.get_by_label("Colour of image").select_option("Red")
    other.get_by_role("button", name="Fix", exact=True).click()
    told(page, "Fixed")
    page.get_by_role("searchbox").fill("zenith")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Nothing odd")).to_be_visible()


# ---- hosts ---------------------------------------------------------------------------------------


def test_hosts__one_is_reset_after_being_asked(panel: Panel, page: Page, look: Look) -> None:
    first, second, _third = add_hosts(panel.engine)
    page.goto("/panel/hosts")
    expect(page.get_by_role("rowheader")).to_have_count(3)
    look(page, "hosts")
    page.get_by_role("button", name=f"Reset {first.host}").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("begins anew")
    look(page, "hosts-reset")
    dialog.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name=f"Reset {second.host}").click()
    page.keyboard.press("Escape")
    with reading(panel.engine) as connection:
        assert load_hosts(connection, [first.host])[first.host]["lies"] == 1
    page.get_by_role("button", name=f"Reset {second.host}").click()
    dialog.get_by_role("button", name="Reset").click()
    told(page, f"{second.host} proves itself anew")
    expect(page.get_by_role("row", name=second.host)).to_contain_text("reset by a person")
    page.get_by_role("link", name="bytes only").click()
    expect(page.get_by_role("rowheader")).to_have_text([first.host])
    page.get_by_role("searchbox").fill("no-such")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="No such host")).to_be_visible()


# ---- datasets ------------------------------------------------------------------------------------


@pytest.fixture
def keys(panel: Panel) -> list[str]:
    """Keys of doubtful pictures, the worst first."""
    version = write_dataset(panel.service.settings.home, pictures=24)
    return [one.key for one in rank_dataset(version, doubtful=10)]


def decided(panel: Panel, key: str) -> str | None:
    with reading(panel.engine) as connection:
        found = load_decisions(connection, [key]).get(key)
    if found is None:
        return None
    opinion = found.opinion
    said = [opinion.verdict, opinion.image_type, opinion.color if opinion.sets_color else "-"]
    return " ".join(str(one) for one in said)


def wait_until_sent(page: Page) -> None:
    expect(page.locator("#review")).to_have_attribute("data-pending", "0")


def test_datasets__none_here_is_said(page: Page, look: Look) -> None:
    page.goto("/panel/datasets")
    expect(page.get_by_text("built on another machine?")).to_be_visible()
    look(page, "datasets-none")


def test_datasets__a_version_is_told(keys: list[str], page: Page, look: Look) -> None:
    page.goto("/panel/datasets")
    look(page, "datasets")
    page.get_by_role("rowheader").get_by_role("link", name="v1").click()
    expect(page.get_by_text(f"of {len(keys)}")).to_be_visible()
    expect(page.get_by_role("region", name="To collect next")).to_contain_text("colour: Pink")
    page.get_by_text("The whole card").click()
    expect(page.locator("pre")).to_contain_text("# Dataset version v1")
    look(page, "dataset")


def test_review__every_key_decides_and_undo_takes_back(
    panel: Panel, keys: list[str], page: Page, look: Look
) -> None:
    page.goto("/panel/datasets/v1/review")
    expect(page.locator("#count")).to_contain_text("1 of 10")
    expect(page.locator("#label")).to_contain_text("Likely: ")
    expect(page.locator("#facts")).to_contain_text("<i>")  # of an address, shown as text
    look(page, "dataset-review")
    for key in ("Enter", "Delete", "s", "b", "x"):
        page.keyboard.press(key)
    expect(page.locator("#count")).to_contain_text("6 of 10, 5 decided now")
    page.keyboard.press("Shift+D")
    page.keyboard.press("Shift+R")
    expect(page.locator("#verdict")).to_contain_text("relabelled: Dealer, Red")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("p")
    page.keyboard.press("Backspace")
    wait_until_sent(page)
    assert [decided(panel, key) for key in keys[:8]] == [
        "keep None -",
        "drop None -",
        "relabel Stock -",
        "relabel None Blue",
        "relabel None None",
        "relabel Dealer Red",
        "relabel Placeholder -",
        "drop None -",
    ]
    look(page, "dataset-review-decided")
    for _ in range(4):
        page.keyboard.press("u")
    wait_until_sent(page)
    assert [decided(panel, key) for key in keys[4:8]] == ["relabel None None", None, None, None]
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#count")).to_contain_text("5 of 10")
    page.reload()
    expect(page.locator("#count")).to_contain_text("1 of 5")  # what is decided is not asked again


def test_review__by_clicks_and_filters(panel: Panel, keys: list[str], page: Page) -> None:
    page.goto("/panel/datasets/v1/review")
    page.get_by_role("button", name="Keep the label").click()
    page.get_by_role("button", name="Drop").click()
    page.get_by_role("group", name="Another colour").get_by_role("button", name="White").click()
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("group", name="Pictures near this one").get_by_role("button").first.click()
    expect(page.locator("#count")).to_contain_text("1 of 10, 2 decided now")
    wait_until_sent(page)
    assert [decided(panel, key) for key in keys[:3]] == ["keep None -", "drop None -", None]
    page.locator("select[name=only]").select_option("all")
    page.get_by_label("Decided").select_option("true")
    page.locator("form.filters button").click()
    expect(page.locator("#count")).to_contain_text("of 2")
    page.keyboard.press("u")
    expect(page.locator("#verdict")).to_have_text("Not decided")
    wait_until_sent(page)
    assert [decided(panel, key) for key in keys].count(None) == 9
    page.keyboard.press("u")
    told(page, "Nothing was decided on this picture")
    page.get_by_label("Advertiser").fill("nobody")
    page.locator("form.filters button").click()
    expect(page.get_by_role("heading", name="Nothing is left to look at")).to_be_visible()


def test_review__what_the_server_refuses_is_told_and_taken_back(
    panel: Panel, keys: list[str], open_page: OpenPage
) -> None:
    page = open_page("ada", allow=("404",))
    page.goto("/panel/datasets/v1/review")
    expect(page.locator("#count")).to_contain_text("1 of 10")
    folder = panel.service.settings.home / "datasets" / "v1"
    folder.rename(folder.with_name("gone"))
    page.keyboard.press("Delete")
    told(page, "There is no dataset version 'v1'")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#verdict")).to_have_text("Not decided")
    assert decided(panel, keys[0]) is None


# ---- audit log -----------------------------------------------------------------------------------


def test_audit__lines_are_found(open_page: OpenPage, look: Look) -> None:
    page = open_page("root")
    page.goto("/panel/audit")
    look(page, "audit")
    page.get_by_label("Action").select_option(AuditAction.USER_CREATE)
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("rowheader")).to_have_count(3)
    page.get_by_role("link", name="acme").first.click()
    expect(page.get_by_role("rowheader")).to_have_count(1)
    page.get_by_label("By").fill("nobody")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("heading", name="No line fits")).to_be_visible()
    page.get_by_role("link", name="Clear").click()
    page.get_by_label("Until").fill("2020-01-01")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("heading", name="No line fits")).to_be_visible()
