"""An existing table of fixes becomes part of the history.

Rows that a person made at one moment with one note are one act, so what was done in one go can be
undone in one go; for our own exports that gives the acts back as they were. Nothing is added twice:
an act is known by who, when and why, a fix in it by whose sitemap, image, field and value.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, islice
from typing import Any

import sqlalchemy as sa

from forecourt.core.errors import FeedError
from forecourt.core.fixes import ActKind
from forecourt.core.history import FixedBy, HistoryEvent, HistoryRow
from forecourt.core.records import RefusedRow
from forecourt.identity.urls import make_url_key
from forecourt.store import images as stored_images
from forecourt.store import imports
from forecourt.store.imports import ActKey, KnownFix, Place, squeeze

_BATCH = 1_000
_UNMATCHED = "no image was ever seen under this URL"
_UNMATCHED_HINT = (
    "It is kept for the URL, and holds once a scrape of the advertiser shows it. Check the URL if "
    "it should be known."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportNote:
    """What is to be said of a row. `is_kept`: it was taken all the same."""

    line: int | None
    row: int
    field: str
    reason: str
    hint: str
    is_kept: bool


@dataclass(slots=True, kw_only=True)
class Imported:
    """What an import did.

    Attributes:
        rows: Rows of the file.
        fixes: Fixes that are new here.
        events: Reverts and restores that are new here.
        known: Fixes, reverts and restores that were here before.
        refused: Rows of which nothing, or only a part, could be taken.
        matched: How the images of new fixes were found: by key, sitemap or url.
        unmatched: New fixes whose image was never seen; they are kept for the URL.
        unknown_advertisers: Advertisers without any scrape or fix until now.
    """

    rows: int = 0
    acts: int = 0
    fixes: int = 0
    events: int = 0
    known: int = 0
    refused: int = 0
    matched: Counter[str] = field(default_factory=Counter)
    unmatched: int = 0
    unknown_advertisers: set[str] = field(default_factory=set)


def import_history(
    connection: sa.Connection,
    rows: Iterable[HistoryRow | RefusedRow],
    *,
    now: datetime,
    on_note: Callable[[ImportNote], None],
) -> Imported:
    """Add the events of a file to the history, in bounded memory. Does not commit.

    Args:
        connection: A writing connection.
        rows: The file, in its order.
        now: When advertisers that were unknown are noted.
        on_note: Told of every row that could not be read, or matched to an image.

    Raises:
        FeedError: there are rows, and none could be used. Whoever holds the transaction rolls back.
    """
    done = Imported()
    last_row = 0
    remaining = iter(rows)
    while batch := list(islice(remaining, _BATCH)):
        for one in batch:
            done.rows += one.row != last_row
            last_row = one.row
            if isinstance(one, RefusedRow):
                done.refused += 1
                on_note(_refusal(one, one.field, one.reason, one.hint))
        usable = [one for one in batch if isinstance(one, HistoryRow)]
        if usable:
            _Batch(connection, usable, done, on_note).store(now)
    if done.refused and not (done.fixes or done.events or done.known):
        raise FeedError(
            f"Every row of the file was refused ({done.refused}). The history stays as it was."
        )
    return done


@dataclass(frozen=True, slots=True)
class _Located:
    """An event with the image that it is about."""

    row: HistoryRow
    image_id: int | None
    url: str
    url_key: str
    vehicle_id: str | None
    vin: str | None
    how: str

    @property
    def places(self) -> Iterator[tuple[str, str]]:
        """What the image is known by: the same under either is the same."""
        yield ("url", self.url_key)
        if self.image_id is not None:
            yield ("image", str(self.image_id))


@dataclass(slots=True)
class _FixRef:
    """A fix that is stored, or will be with this batch (`id` is None until then)."""

    id: int | None


# Whose sitemap, everywhere or not, field, value, and one thing the image is known by.
_Content = tuple[str, bool, str, str | None, tuple[str, str]]


class _Batch:
    """Some rows of a file: what is known of them is asked at once, what is new stored at once."""

    def __init__(
        self,
        connection: sa.Connection,
        rows: list[HistoryRow],
        done: Imported,
        on_note: Callable[[ImportNote], None],
    ) -> None:
        self._connection = connection
        self._rows = rows
        self._done = done
        self._on_note = on_note
        self._acts: dict[ActKey, int | None] = {}  # in order; None: will be stored
        self._words: dict[ActKey, tuple[str, str]] = {}  # name and note, as they are written
        self._in_act: dict[tuple[ActKey, _Content], _FixRef] = {}
        self._of_person: dict[tuple[FixedBy, _Content], _FixRef] = {}
        self._new_fixes: list[tuple[_Located, _FixRef]] = []
        self._new_states: list[tuple[_Located, _FixRef]] = []
        self._states: set[tuple[ActKey, int, bool]] = set()
        self._changed_here: dict[int, datetime] = {}  # fix id → when somebody here turned it last

    def store(self, now: datetime) -> None:
        """Store what of the rows is new."""
        self._done.unknown_advertisers |= imports.add_advertisers(
            self._connection, {row.advertiser for row in self._rows}, at=now
        )
        located = list(self._locate())
        self._recall(located)
        for one in located:
            if one.row.event is HistoryEvent.FIX:
                self._plan_fix(one)
            else:
                self._plan_state(one)
        self._write()

    # ---- what is known ---------------------------------------------------------------------------

    def _locate(self) -> Iterator[_Located]:
        url_keys = {row.url: make_url_key(row.url) for row in self._rows if row.url}
        by_key = stored_images.find_by_keys(
            self._connection, {row.key for row in self._rows if row.key is not None}
        )
        places = imports.find_places(
            self._connection, {row.advertiser for row in self._rows}, set(url_keys.values())
        )
        by_url = imports.find_by_urls(self._connection, set(url_keys.values()))
        without_url = {
            by_key[row.key]
            for row in self._rows
            if not row.url and row.key is not None and row.key in by_key
        }
        standing = imports.find_images(self._connection, without_url) if without_url else {}
        for row in self._rows:
            image_id = by_key.get(row.key) if row.key is not None else None
            if row.url:
                key = url_keys[row.url]
                place = places.get((row.advertiser, key))
                yield _locate_by_url(row, key, image_id, place, by_url.get(key))
            elif image_id is not None and image_id in standing:
                place = standing[image_id]
                yield _Located(row, image_id, place.url, place.url_key, row.vehicle_id, None, "key")
            else:
                self._refuse(row, "image_key", "no inventory shows this image", "Give its URL.")

    def _recall(self, located: list[_Located]) -> None:
        """Ask what of these rows the history has already."""
        times = {one.row.act.at for one in located}
        times |= {one.row.of.at for one in located if one.row.of is not None}
        act_of = imports.find_acts(self._connection, times)
        for act_id, act in act_of.items():
            self._acts.setdefault(act, act_id)
        known = imports.find_fixes(
            self._connection,
            {one.url_key for one in located},
            {one.image_id for one in located if one.image_id is not None},
        )
        for fix in known:
            if fix.act_id in act_of:
                self._remember(act_of[fix.act_id], list(_contents_of(fix)), _FixRef(fix.id))
        if any(one.row.of is not None for one in located):
            for state in imports.find_states(self._connection, {fix.id for fix in known}):
                if state.act_id in act_of:
                    self._states.add((act_of[state.act_id], state.fix_id, state.is_live))
                if not state.is_imported:
                    self._changed_here[state.fix_id] = state.at

    def _remember(self, act: ActKey, contents: list[_Content], ref: _FixRef) -> None:
        person = FixedBy(by=act.by, role=act.role, at=act.at)
        for content in contents:
            self._in_act[act, content] = ref
            self._of_person[person, content] = ref

    # ---- what is new -----------------------------------------------------------------------------

    def _plan_fix(self, one: _Located) -> None:
        act = _act_key(one.row, ActKind.FIX)
        contents = list(_contents(one))
        if any((act, content) in self._in_act for content in contents):
            self._done.known += 1
            return
        ref = _FixRef(None)
        self._remember(act, contents, ref)
        self._want_act(act, one.row)
        self._new_fixes.append((one, ref))
        self._done.fixes += 1
        if one.image_id is None:
            self._done.unmatched += 1
            row = one.row
            self._on_note(
                ImportNote(
                    line=row.line,
                    row=row.row,
                    field="url",
                    reason=_UNMATCHED,
                    hint=_UNMATCHED_HINT,
                    is_kept=True,
                )
            )
        else:
            self._done.matched[one.how] += 1

    def _plan_state(self, one: _Located) -> None:
        row = one.row
        person = _squeezed(row.of or row.act)
        found = (self._of_person.get((person, content)) for content in _contents(one))
        ref = next((ref for ref in found if ref is not None), None)
        if ref is None:
            self._refuse(
                row,
                "fixed_at",
                f"the fix that this {row.event} is of is not known",
                "Import the row of the fix before it.",
            )
            return
        act = _act_key(row, ActKind.REVERT)
        is_live = row.event is HistoryEvent.RESTORE
        if ref.id is not None and (act, ref.id, is_live) in self._states:
            self._done.known += 1
            return
        if ref.id is not None and self._changed_here.get(ref.id, row.act.at) > row.act.at:
            self._refuse(
                row,
                "at",
                f"the fix was reverted or restored here after this {row.event}",
                "What was done here last holds; revert it by hand if that is wrong.",
            )
            return
        self._want_act(act, row)
        self._new_states.append((one, ref))
        self._done.events += 1

    def _want_act(self, key: ActKey, row: HistoryRow) -> None:
        if key not in self._acts:
            self._acts[key] = None
            self._words[key] = (row.act.by, row.note)

    def _write(self) -> None:
        new = [key for key, act_id in self._acts.items() if act_id is None]
        ids = imports.add_acts(self._connection, [(key, *self._words[key]) for key in new])
        self._acts.update(zip(new, ids, strict=True))
        self._done.acts += len(new)
        fix_ids = imports.add_fixes(
            self._connection,
            [
                _fix_row(one, self._acts[_act_key(one.row, ActKind.FIX)])
                for one, _ref in self._new_fixes
            ],
        )
        for (_one, ref), fix_id in zip(self._new_fixes, fix_ids, strict=True):
            ref.id = fix_id
        imports.add_spellings(
            self._connection,
            [
                {"fix_id": ref.id, "value_from": one.row.given_from, "value": one.row.given}
                for one, ref in self._new_fixes
                if one.row.given_from is not None or one.row.given is not None
            ],
        )
        imports.add_states(
            self._connection,
            [
                {
                    "act_id": self._acts[_act_key(one.row, ActKind.REVERT)],
                    "fix_id": ref.id,
                    "is_live": one.row.event is HistoryEvent.RESTORE,
                }
                for one, ref in self._new_states
            ],
        )

    def _refuse(self, row: HistoryRow, name: str, reason: str, hint: str) -> None:
        self._done.refused += 1
        self._on_note(_refusal(row, name, reason, hint))


def _refusal(row: HistoryRow | RefusedRow, name: str, reason: str, hint: str) -> ImportNote:
    return ImportNote(
        line=row.line, row=row.row, field=name, reason=reason, hint=hint, is_kept=False
    )


def _locate_by_url(
    row: HistoryRow, url_key: str, by_key: int | None, place: Place | None, by_url: int | None
) -> _Located:
    """The key says which image it was; a URL only which one stands there now."""
    in_place = place.image_id if place is not None else None
    found = (("key", by_key), ("sitemap", in_place), ("url", by_url))
    how, image_id = next(((how, one) for how, one in found if one is not None), ("", None))
    is_there = place is not None and (row.vehicle_id or place.vehicle_id) == place.vehicle_id
    return _Located(
        row,
        image_id,
        row.url,
        url_key,
        row.vehicle_id or (place.vehicle_id if place is not None else None),
        row.vin or (place.vin if place is not None and is_there else None),
        how,
    )


def _act_key(row: HistoryRow, kind: ActKind) -> ActKey:
    return ActKey(kind, squeeze(row.act.by), row.act.role, row.act.at, squeeze(row.note))


def _squeezed(person: FixedBy) -> FixedBy:
    return FixedBy(by=squeeze(person.by), role=person.role, at=person.at)


def _contents(one: _Located) -> Iterator[_Content]:
    row = one.row
    for place in one.places:
        yield (row.advertiser, row.everywhere, row.field, row.value, place)


def _contents_of(fix: KnownFix) -> Iterator[_Content]:
    image = [("image", str(fix.image_id))] if fix.image_id is not None else []
    for place in chain([("url", fix.url_key)], image):
        yield (fix.advertiser, fix.everywhere, fix.field, fix.value, place)


def _fix_row(one: _Located, act_id: int | None) -> dict[str, Any]:
    row = one.row
    return {
        "act_id": act_id,
        "advertiser": row.advertiser,
        "everywhere": row.everywhere,
        "image_id": one.image_id,
        "url": one.url,
        "url_key": one.url_key,
        "vehicle_id": one.vehicle_id,
        "vin": one.vin,
        "field": row.field,
        "value_from": row.value_from,
        "value": row.value,
        "model_version": row.model_version,
    }
