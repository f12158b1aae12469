"""Stored images, their keys and what models said of them, on both dialects."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from forecourt.core.labels import COLORS, IMAGE_TYPES, Color, ImageType
from forecourt.core.records import Box, Decision, ImageKey, KeySource, Prediction, Validators
from forecourt.core.skips import SkipReason
from forecourt.store import images as stored
from forecourt.store.engine import reading, writing
from forecourt.store.hosts import list_hosts, load_hosts, save_host
from forecourt.store.images import NewImage, StoredAnswer, UrlState
from forecourt.store.schema import hosts, image_aliases, images, predictions, urls

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


def new_image(bytes_key: str) -> NewImage:
    return NewImage(
        bytes_key=bytes_key,
        format="JPEG",
        width=640,
        height=480,
        size_bytes=12_345,
        thumbnail="0" * 64,
        created_at=NOW,
    )


def answer(
    version: str, color: Color | None, *, image_type: ImageType = ImageType.DEALER
) -> StoredAnswer:
    return StoredAnswer(
        Prediction(
            model_version=version,
            image_type_probs=dict.fromkeys(IMAGE_TYPES, 1 / 3),
            color_probs=dict.fromkeys(COLORS, 1 / 12),
            color_visible=0.9,
            box=Box(0.1, 0.2, 0.9, 0.8),
        ),
        Decision(
            model_version=version,
            image_type=image_type,
            image_type_confidence=0.98,
            image_type_reason="most_probable",
            color=color,
            color_confidence=0.75,
            color_reason="most_probable",
            review=True,
            review_reasons=("color_uncertain",),
        ),
    )


def count(connection: sa.Connection, table: sa.Table) -> int:
    return connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0


# ---- images and aliases --------------------------------------------------------------------------


def test_an_image_is_stored_once_whatever_brings_it(engine: sa.Engine) -> None:
    with writing(engine) as connection:
        first = stored.add_images(connection, [new_image("a"), new_image("b")])
    with writing(engine) as connection:
        again = stored.add_images(connection, [new_image("b"), new_image("c")])
        assert again["b"] == first["b"]
        assert len({*first.values(), *again.values()}) == 3
        assert count(connection, images) == 3
        assert stored.add_images(connection, []) == {}


def test_an_image_is_found_by_any_of_its_keys(engine: sa.Engine) -> None:
    etag = ImageKey(KeySource.ETAG, "x")
    digest = ImageKey(KeySource.DIGEST, "x")  # the same value of another source is another key
    with writing(engine) as connection:
        ids = stored.add_images(connection, [new_image("a"), new_image("b")])
        stored.add_aliases(connection, {etag: ids["a"], digest: ids["b"]}, at=NOW)
    with reading(engine) as connection:
        found = stored.find_by_keys(
            connection,
            [etag, digest, ImageKey(KeySource.BYTES, "a"), ImageKey(KeySource.ETAG, "unknown")],
        )
    assert found == {etag: ids["a"], digest: ids["b"], ImageKey(KeySource.BYTES, "a"): ids["a"]}


def test_a_key_names_one_image_and_the_latest_bytes_count(engine: sa.Engine) -> None:
    etag = ImageKey(KeySource.ETAG, "x")
    with writing(engine) as connection:
        ids = stored.add_images(connection, [new_image("a"), new_image("b")])
        stored.add_aliases(connection, {etag: ids["a"]}, at=NOW)
        stored.add_aliases(connection, {etag: ids["b"]}, at=LATER)
        assert stored.find_by_keys(connection, [etag]) == {etag: ids["b"]}
        rows = connection.execute(
            sa.select(image_aliases.c.created_at).where(image_aliases.c.kind == KeySource.ETAG)
        )
        assert rows.scalars().all() == [NOW]


def test_a_key_of_no_image_is_refused(engine: sa.Engine) -> None:
    with pytest.raises(sa.exc.IntegrityError), writing(engine) as connection:
        stored.add_aliases(connection, {ImageKey(KeySource.ETAG, "x"): 999}, at=NOW)


# ---- predictions ---------------------------------------------------------------------------------


def test_an_answer_is_kept_per_image_and_model_version(engine: sa.Engine) -> None:
    with writing(engine) as connection:
        image_id = stored.add_images(connection, [new_image("a")])["a"]
        stored.add_answers(connection, {image_id: answer("m-1", Color.RED)}, at=NOW)
        stored.add_answers(connection, {image_id: answer("m-2", Color.BLUE)}, at=LATER)
        stored.add_answers(connection, {image_id: answer("m-1", Color.PINK)}, at=LATER)
        assert count(connection, predictions) == 2
    with reading(engine) as connection:
        decision = stored.load_decisions(connection, [image_id], "m-1")[image_id]
        assert decision == answer("m-1", Color.RED).decision  # as it was, in every field


def test_without_an_answer_of_the_champion_the_latest_other_counts(engine: sa.Engine) -> None:
    with writing(engine) as connection:
        ids = stored.add_images(connection, [new_image("a"), new_image("b")])
        a, b = ids["a"], ids["b"]
        stored.add_answers(connection, {a: answer("m-2", Color.BLUE)}, at=LATER)
        stored.add_answers(connection, {a: answer("m-1", Color.RED)}, at=NOW)
        found = stored.load_decisions(connection, [a, b], "m-3")
        assert {image_id: one.model_version for image_id, one in found.items()} == {a: "m-2"}
        assert stored.load_decisions(connection, [a], "m-1")[a].model_version == "m-1"


def test_color_that_was_decided_to_be_none_comes_back_as_none(engine: sa.Engine) -> None:
    with writing(engine) as connection:
        image_id = stored.add_images(connection, [new_image("a")])["a"]
        card = answer("m-1", None, image_type=ImageType.PLACEHOLDER)
        stored.add_answers(connection, {image_id: card}, at=NOW)
        assert stored.load_decisions(connection, [image_id], "m-1")[image_id] == card.decision


def test_unanswered_images_come_with_their_thumbnail(engine: sa.Engine) -> None:
    with writing(engine) as connection:
        ids = stored.add_images(connection, [new_image("a"), new_image("b")])
        stored.add_answers(connection, {ids["a"]: answer("m-1", Color.RED)}, at=NOW)
        every = [*ids.values()]
        assert stored.find_unanswered(connection, every, "m-1") == {ids["b"]: "0" * 64}
        assert set(stored.find_unanswered(connection, every, "m-2")) == set(every)


def test_more_images_than_a_statement_takes_parameters(engine: sa.Engine) -> None:
    """SQLite takes 32,766 and PostgreSQL 65,535: a page of 500 vehicles can show more images."""
    with writing(engine) as connection:
        image_id = stored.add_images(connection, [new_image("a")])["a"]
        stored.add_answers(connection, {image_id: answer("m-1", Color.RED)}, at=NOW)
        if connection.dialect.name == "sqlite":  # some builds allow more
            driver = connection.connection.driver_connection
            assert driver is not None
            driver.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 32_766)
        found = stored.load_decisions(connection, range(66_000), "m-1")
    assert list(found) == [image_id]


def test_raw_answer_is_stored_with_its_probabilities(engine: sa.Engine) -> None:
    with writing(engine) as connection:
        image_id = stored.add_images(connection, [new_image("a")])["a"]
        stored.add_answers(connection, {image_id: answer("m-1", Color.RED)}, at=NOW)
        raw = connection.scalar(sa.select(predictions.c.answer))
    assert raw["image_type_probs"] == {"Dealer": 0.3333, "Stock": 0.3333, "Placeholder": 0.3333}
    assert set(raw["color_probs"]) == set(COLORS)
    assert raw["box"] == [0.1, 0.2, 0.9, 0.8]


# ---- URLs and hosts ------------------------------------------------------------------------------


def state(url_key: str, image_id: int | None, etag: str | None, at: datetime) -> UrlState:
    return UrlState(
        url_key=url_key,
        url=f"https://cdn.example/{url_key}",
        host="cdn.example",
        image_id=image_id,
        validators=Validators(etag=etag),
        key=ImageKey(KeySource.ETAG, etag) if etag else None,
        skip_reason=None if image_id else SkipReason.NOT_FOUND,
        checked_at=at,
        fresh_until=at,
        scrape_id=1,
        is_verified=True,
    )


def test_the_latest_state_of_a_url_replaces_the_one_before(engine: sa.Engine) -> None:
    with writing(engine) as connection:
        image_id = stored.add_images(connection, [new_image("a")])["a"]
        stored.save_urls(connection, [state("u", None, None, NOW), state("v", None, None, NOW)])
        stored.save_urls(connection, [state("u", image_id, '"1"', LATER)])
        stored.save_urls(connection, [])
        rows = {row.url_key: row for row in connection.execute(sa.select(urls))}
    assert (rows["u"].image_id, rows["u"].etag, rows["u"].skip_reason) == (image_id, '"1"', None)
    assert (rows["u"].checked_at, rows["v"].checked_at) == (LATER, NOW)
    assert rows["v"].skip_reason == SkipReason.NOT_FOUND


def test_host_records_come_back_as_they_were_saved(engine: sa.Engine) -> None:
    record = {"host": "b.example", "hits": 3, "why": "", "share": 0.01}
    with writing(engine) as connection:
        save_host(connection, "b.example", state="unproven", record={"hits": 0}, at=NOW)
        save_host(connection, "b.example", state="trusted", record=record, at=LATER)
        save_host(connection, "a.example", state="unproven", record={"hits": 1}, at=NOW)
        assert load_hosts(connection, ["b.example", "unknown"]) == {"b.example": record}
        assert list_hosts(connection) == [{"hits": 1}, record]


def test_times_are_utc_and_naive_ones_refused(engine: sa.Engine) -> None:
    zone = datetime.fromisoformat("2026-11-23T08:00:00+02:00")
    with writing(engine) as connection:
        save_host(connection, "a", state="unproven", record={}, at=zone)
        found = connection.scalar(sa.select(hosts.c.changed_at))
    assert found == NOW
    assert found.utcoffset() == timedelta(0)
    with pytest.raises(sa.exc.StatementError, match="has no time zone"), writing(engine) as other:
        save_host(other, "b", state="unproven", record={}, at=datetime(2026, 1, 1))  # noqa: DTZ001
