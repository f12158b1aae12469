"""The history leaves one store as a file and comes into another, on both databases."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TextIO

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forecourt import review
from forecourt.core.errors import FeedError, UsageError
from forecourt.core.fixes import Fix
from forecourt.core.labels import Color, ImageType
from forecourt.core.records import Role
from forecourt.feeds.fix_rows import Reading, read_rows
from forecourt.feeds.fix_table import Defaults, FixTable
from forecourt.review.importing import Imported, ImportNote
from forecourt.store.engine import reading, writing
from forecourt.store.schema import acts, fix_states, fixes, image_aliases, legacy_values, metadata
from tests.support.shop import ACME, START, URLS, ZENITH, Shop

STOCK = review.Change(image_type=ImageType.STOCK)
BLUE = review.Change(color=Color.BLUE, sets_color=True)
NO_COLOR = review.Change(color=None, sets_color=True)
NOW = START + timedelta(days=30)
HEADER = "at,by,advertiser,url,field,from,to\n"


@pytest.fixture
def shop(engine: sa.Engine) -> Shop:
    return Shop(engine)


def export(shop: Shop, path: Path, advertiser: str | None = None) -> Path:
    write: Callable[[TextIO, Any], None] = (
        review.write_csv if path.suffix == ".csv" else review.write_jsonl
    )
    stream = io.StringIO(newline="")
    with reading(shop.engine) as connection:
        write(stream, review.events(connection, advertiser=advertiser))
    path.write_text(stream.getvalue(), encoding="utf-8", newline="")
    return path


def bring(
    engine: sa.Engine, path: Path, defaults: Defaults | None = None
) -> tuple[Imported, list[ImportNote]]:
    notes: list[ImportNote] = []
    defaults = defaults or Defaults()
    with FixTable(path, defaults) as table, writing(engine) as connection:
        rows = read_rows(table, Reading(defaults=defaults, now=NOW))
        done = review.import_history(connection, rows, now=NOW, on_note=notes.append)
    return done, notes


def bring_text(shop: Shop, path: Path, text: str) -> tuple[Imported, list[ImportNote]]:
    path.write_text(text, encoding="utf-8")
    return bring(shop.engine, path)


def empty(engine: sa.Engine) -> None:
    with writing(engine) as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(sa.delete(table))


def told(fix: Fix) -> tuple[Any, ...]:
    """A fix without what belongs to one store only: ids, and where it came from."""
    return (
        fix.at, fix.by, fix.role, fix.note, fix.advertiser, fix.everywhere, fix.vehicle_id, fix.url,
        fix.field, fix.value_from, fix.value, fix.model_version, fix.is_live,
    )  # fmt: skip


def moments(shop: Shop) -> list[datetime]:
    count = int((shop.now - START) / timedelta(minutes=1))
    return [START + timedelta(minutes=minute) for minute in range(count + 1)]


def replay(shop: Shop) -> list[list[tuple[Any, ...]]]:
    """The history of both advertisers as it stood at every moment."""
    return [
        sorted(told(fix) for fix in shop.history(advertiser, until=at))
        for advertiser in (ACME, ZENITH)
        for at in moments(shop)
    ]


def act_at_random(shop: Shop, choose: Callable[[Any], Any]) -> None:
    """Do one of the things that people do."""
    advertiser = choose([ACME, ZENITH])
    kind = choose(["fix", "fix", "revert act", "revert fix"])
    if kind == "fix":
        role = choose([Role.STAFF, Role.ADVERTISER])
        shop.fix(
            advertiser,
            choose([STOCK, BLUE, NO_COLOR]),
            urls=choose([URLS[:1], URLS[1:], URLS]),
            role=role,
            everywhere=role is Role.STAFF and choose([True, False]),
        )
        return
    with reading(shop.engine) as connection:
        table = acts if kind == "revert act" else fixes
        ids = list(connection.scalars(sa.select(table.c.id)))
    if not ids:
        return
    try:
        if kind == "revert act":
            shop.revert(act_id=choose(ids))
        else:
            shop.revert(fix_id=choose(ids))
    except UsageError:
        return  # undone before


@pytest.mark.parametrize("name", ["history.csv", "history.jsonl"])
def test_any_history_comes_back_in_an_empty_home(
    engine: sa.Engine, tmp_path: Path, name: str
) -> None:
    @settings(
        max_examples=12,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(st.data())
    def check(data: st.DataObject) -> None:
        shop = Shop(engine)
        shop.fix(ACME, STOCK)
        for _ in range(data.draw(st.integers(0, 8))):
            act_at_random(shop, lambda options: data.draw(st.sampled_from(options)))
        before, shown = replay(shop), (shop.shown(ACME), shop.shown(ZENITH))
        path = export(shop, tmp_path / name)
        empty(engine)
        done, _notes = bring(engine, path)
        assert (done.refused, done.known) == (0, 0)
        assert done.unmatched == done.fixes
        assert replay(shop) == before
        again, notes = bring(engine, path)  # the same file once more
        assert (again.fixes, again.events, again.acts, notes) == (0, 0, 0, [])
        assert again.known == done.fixes + done.events
        assert replay(shop) == before
        # The same inventory is scraped and tagged here: the fixes hold.
        at = shop.now
        shop.__init__(engine)  # type: ignore[misc]
        bring(engine, path)
        shop.now = at
        assert (shop.shown(ACME), shop.shown(ZENITH)) == shown
        assert replay(shop) == before

    check()


def test_import_of_our_own_export_into_the_same_home_adds_nothing(
    shop: Shop, tmp_path: Path
) -> None:
    done = shop.fix(ACME, STOCK, urls=URLS)
    shop.revert(act_id=done.act_id)
    for name in ("a.csv", "a.jsonl"):
        imported, notes = bring(shop.engine, export(shop, tmp_path / name))
        assert (imported.fixes, imported.events, imported.acts, notes) == (0, 0, 0, [])
        assert imported.known == 6


def test_acts_of_one_moment_are_told_apart_by_what_they_did(shop: Shop, tmp_path: Path) -> None:
    at = shop.now
    for url in URLS:
        shop.now = at  # a clock that stands still
        shop.fix(ACME, STOCK, urls=[url])
    path = export(shop, tmp_path / "a.csv")
    imported, _notes = bring(shop.engine, path)
    assert (imported.fixes, imported.acts, imported.known) == (0, 0, 3)


def test_acts_are_undone_as_one_after_an_import(shop: Shop, tmp_path: Path) -> None:
    shop.fix(ACME, STOCK, urls=URLS)
    path = export(shop, tmp_path / "history.csv")
    empty(shop.engine)
    bring(shop.engine, path)
    (act_id,) = {fix.act_id for fix in shop.history(ACME)}
    shop.revert(act_id=act_id)
    assert [fix.is_live for fix in shop.history(ACME)] == [False] * 3


def test_export_of_one_advertiser_holds_theirs_and_what_is_for_everyone(
    shop: Shop, tmp_path: Path
) -> None:
    shop.fix(ACME, STOCK)
    shop.fix(ZENITH, STOCK, urls=URLS[1:2])
    shop.fix(ZENITH, BLUE, everywhere=True)
    path = export(shop, tmp_path / "acme.jsonl", ACME)
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(row["advertiser"], row["field"]) for row in rows] == [
        (ACME, "image_type"),
        (ZENITH, "color"),
    ]
    assert rows[0]["image_key"] == f"bytes:{0:064}"


def test_csv_runs_nothing_in_a_spreadsheet_and_loses_nothing(shop: Shop, tmp_path: Path) -> None:
    note = '=HYPERLINK("https://x.example")\n"twice"; and, more'
    text = json.dumps(
        {
            "at": "2025-01-01T00:00:00Z",
            "by": "'=Ada",
            "advertiser": ACME,
            "url": URLS[0],
            "image_type": "Stock",
            "note": note,
        }
    )
    bring_text(shop, tmp_path / "in.jsonl", text)
    path = export(shop, tmp_path / "out.csv")
    assert "\"'=HYPERLINK(" in path.read_text()
    assert ",''=Ada," in path.read_text()
    empty(shop.engine)
    bring(shop.engine, path)
    (fix,) = shop.history(ACME)
    assert (fix.by, fix.note) == ("'=Ada", note)


# ---- tables of other systems ---------------------------------------------------------------------


def test_legacy_table__spellings_times_and_matching(shop: Shop, tmp_path: Path) -> None:
    legacy = (
        "Date;User;Dealer;Image URL;ML Type;ML Color;Image Type Manual Fix;Color Manual Fix\n"
        f"2021-11-03 10:15:00;Zoë;acme;{URLS[0]};dealer;None;PLACEHOLDER;Silver\n"
        f"1635934500;bob;acme;{URLS[1]};Placeholder;N/A;Stock;N/A\n"
        f"2021-11-03T12:00:00+02:00;bob;nobody;https://gone.example.com/1.jpg;Stock;;dealer;\n"
    )
    path = tmp_path / "legacy.csv"
    path.write_bytes(legacy.encode("cp1252"))
    done, notes = bring(shop.engine, path)
    assert (done.rows, done.fixes, done.acts, done.refused) == (3, 4, 3, 0)
    assert done.matched == {"sitemap": 3}
    assert done.unknown_advertisers == {"nobody"}
    assert [(note.line, note.field, note.is_kept) for note in notes] == [(4, "url", True)]
    assert "no image was ever seen" in notes[0].reason
    history = shop.history(ACME)
    assert [(f.by, f.at.isoformat(), f.field, f.value_from, f.value) for f in history] == [
        ("Zoë", "2021-11-03T10:15:00+00:00", "image_type", "Dealer", "Placeholder"),
        ("Zoë", "2021-11-03T10:15:00+00:00", "color", None, "Grey"),
        ("bob", "2021-11-03T10:15:00+00:00", "image_type", "Placeholder", "Stock"),
    ]
    assert {fix.source for fix in history} == {"import"}
    assert [fix.vehicle_id for fix in history] == ["v0", "v0", "v1"]
    assert shop.history("nobody")[0].at == datetime(2021, 11, 3, 10, tzinfo=UTC)
    assert shop.shown(ACME)[:2] == [("Placeholder", None), ("Stock", "Grey")]
    with reading(shop.engine) as connection:
        spelled = connection.execute(sa.select(legacy_values.c.value_from, legacy_values.c.value))
        assert [tuple(row) for row in spelled] == [("None", "Silver")]


def test_rows_that_cannot_be_read_are_named_and_lose_no_other(shop: Shop, tmp_path: Path) -> None:
    rows = [
        f"yesterday,bob,acme,{URLS[0]},type,Dealer,Stock",
        f"2025-01-01,bob,acme,{URLS[0]},type,Dealer,Truck",
        f"2025-01-01,bob,acme,{URLS[0]},color,Blue,Champagne",
        f"2025-01-01,bob,acme,{URLS[0]},size,1,2",
        "2025-01-01,bob,acme,C:\\pictures\\1.jpg,type,Dealer,Stock",
        f"2025-01-01,bob,,{URLS[0]},type,Dealer,Stock",
        f"2025-01-01,,acme,{URLS[0]},type,Dealer,Stock",
        f"2099-01-01,bob,acme,{URLS[0]},type,Dealer,Stock",
        "2025-01-01,bob",
        f"2025-01-01,bob,acme,{URLS[0]},type,Dealer,",
        f"2025-01-01,{'b' * 201},acme,{URLS[0]},type,Dealer,Stock",
        f"2025-01-01,bob,acme,{URLS[0]},type,Dealer,Stock",
    ]
    done, notes = bring_text(shop, tmp_path / "t.csv", HEADER + "\n".join(rows) + "\n")
    assert (done.rows, done.fixes, done.refused) == (12, 1, 11)
    assert [(note.line, note.field) for note in notes] == [
        (2, "at"), (3, "to"), (4, "to"), (5, "field"), (6, "url"), (7, "advertiser"), (8, "by"),
        (9, "at"), (10, "url"), (11, "to"), (12, "by"),
    ]  # fmt: skip
    assert all(note.reason and note.hint and not note.is_kept for note in notes)
    assert [fix.value for fix in shop.history(ACME)] == ["Stock"]


def test_file_of_which_nothing_can_be_used_changes_nothing(shop: Shop, tmp_path: Path) -> None:
    text = HEADER + f"never,bob,new,{URLS[0]},type,Dealer,Stock\n"
    with pytest.raises(FeedError, match="Every row of the file was refused"):
        bring_text(shop, tmp_path / "t.csv", text)


def test_rows_made_at_one_moment_are_one_act_unless_their_notes_differ(
    shop: Shop, tmp_path: Path
) -> None:
    text = "at,by,advertiser,url,color,note\n" + "".join(
        f"2025-01-01,bob,acme,{url},red,{note}\n"
        for url, note in zip(URLS, ("", "", "odd"), strict=True)
    )
    done, _notes = bring_text(shop, tmp_path / "t.csv", text)
    assert (done.acts, done.fixes) == (2, 3)
    first, second, third = shop.history(ACME)
    assert first.act_id == second.act_id != third.act_id


def test_repeated_rows_are_one_fix__also_far_apart(shop: Shop, tmp_path: Path) -> None:
    row = f"2025-01-01,bob,acme,{URLS[0]},type,Dealer,Stock\n"
    others = "".join(
        f"2025-01-02,bob,acme,https://x.example/{n}.jpg,type,,Stock\n" for n in range(1_500)
    )
    done, _notes = bring_text(shop, tmp_path / "t.csv", HEADER + row + row + others + row)
    assert (done.fixes, done.known, done.acts) == (1_501, 2, 2)


def test_image_key_goes_before_the_url(shop: Shop, tmp_path: Path) -> None:
    with writing(shop.engine) as connection:
        connection.execute(
            sa.insert(image_aliases),
            [
                {
                    "kind": "bytes",
                    "value": f"{number:064}",
                    "image_id": image_id,
                    "created_at": START,
                }
                for number, image_id in enumerate(shop.image_ids)
            ],
        )
    text = (
        "at,by,advertiser,url,key,type\n"
        f"2025-01-01,bob,acme,https://old.example.com/a.jpg,bytes:{1:064},stock\n"
        f"2025-01-02,bob,acme,,{2:064},stock\n"
        f"2025-01-03,bob,acme,,{9:064},stock\n"
        "2025-01-04,bob,acme,,their-own-key,stock\n"
    )
    done, notes = bring_text(shop, tmp_path / "t.csv", text)
    assert (done.matched, done.refused) == ({"key": 2}, 2)
    assert {note.line: note.reason for note in notes} == {
        4: "no inventory shows this image",
        5: "the key is none of Forecourt's, and there is no URL",
    }
    assert [kind for kind, _color in shop.shown(ACME)] == ["Dealer", "Stock", "Stock"]
    assert shop.history(ACME)[1].url == URLS[2]


def test_revert_in_a_file__needs_its_fix_and_yields_to_what_was_done_here(
    shop: Shop, tmp_path: Path
) -> None:
    done = shop.fix(ACME, STOCK)
    made_at = shop.now
    revert = {
        "event": "revert", "at": (made_at + timedelta(seconds=1)).isoformat(), "by": "bob",
        "advertiser": ACME, "url": URLS[0], "field": "image_type", "to": "Stock",
        "fixed_at": made_at.isoformat(), "fixed_by": "Ada", "fixed_role": "staff",
    }  # fmt: skip
    other = revert | {"to": "Placeholder"}
    lines = "\n".join(map(json.dumps, (other, revert)))
    imported, notes = bring_text(shop, tmp_path / "a.jsonl", lines)
    assert (imported.events, imported.refused) == (1, 1)
    assert notes[0].reason == "the fix that this revert is of is not known"
    assert shop.shown(ACME)[0] == ("Dealer", "Grey")
    with reading(shop.engine) as connection:
        reverted = connection.scalars(sa.select(fix_states.c.act_id)).one()
    shop.revert(act_id=reverted)  # somebody here wants it back
    assert shop.shown(ACME)[0] == ("Stock", "Grey")
    late = revert | {"by": "carol"}
    with pytest.raises(FeedError):
        bring_text(shop, tmp_path / "b.jsonl", json.dumps(late))
    assert shop.shown(ACME)[0] == ("Stock", "Grey")
    assert [fix.is_live for fix in shop.history(ACME)] == [True]
    assert done.fixes[0].is_live
