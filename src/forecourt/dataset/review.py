"""Looking through a version: doubtful labels go out as a table with pictures, decisions come back.

Decisions are rows of the store and are never changed; the next build applies the latest on each
picture. What is decided is not asked again, so a table can be worked through in any number of
sittings.
"""

from __future__ import annotations

import csv
import html
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from forecourt.core.dataset import Decision, Item, Opinion, Verdict
from forecourt.core.errors import UsageError
from forecourt.core.labels import Color, ImageType, parse_color, parse_image_type
from forecourt.core.spreadsheet import defuse
from forecourt.dataset.doubts import Doubt
from forecourt.store.versions import DatasetVersion

TABLE = "review.csv"
PAGE = "review.html"
COLUMNS = (
    "key",
    "picture",
    "image_type",
    "color",
    "likely_type",
    "likely_color",
    "score",
    "advertiser",
    "url",
    "verdict",
    "new_type",
    "new_color",
    "note",
)
_SHORTEST_PREFIX = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which pictures of a version are meant. What is given has to hold together.

    Attributes:
        keys: Keys or their beginnings; empty: any.
        sets_color: Whether `color` is asked for; None then means no colour.
    """

    keys: tuple[str, ...] = ()
    advertiser: str | None = None
    kind: str | None = None
    image_type: ImageType | None = None
    color: Color | None = None
    sets_color: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether nothing is said: all pictures would be meant."""
        return self == Choice()


def choose(items: Sequence[Item], choice: Choice) -> list[Item]:
    """Return the pictures that are meant.

    Raises:
        UsageError: nothing is said, or a key names none or several pictures.
    """
    if choice.is_empty:
        raise UsageError("Say which pictures: by --image, --from, or what they have in common.")
    named = {_find(items, key).key for key in choice.keys}
    return [
        item
        for item in items
        if (not choice.keys or item.key in named)
        and choice.advertiser in {None, item.advertiser}
        and choice.kind in {None, item.kind}
        and choice.image_type in {None, item.image_type}
        and (not choice.sets_color or choice.color is item.color)
    ]


def export_doubts(version: DatasetVersion, doubts: Sequence[Doubt], out: Path) -> None:
    """Write a table to fill in and a page to look at, with the pictures, into a new folder.

    Raises:
        UsageError: the folder is there already, or cannot be written.
    """
    if out.exists():
        raise UsageError(f"{out} is there already; name a folder that is not.")
    draft = out.with_name(f".draft-{out.name}")
    try:
        shutil.rmtree(draft, ignore_errors=True)
        (draft / "pictures").mkdir(parents=True)
        with (draft / TABLE).open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS, restval="")
            writer.writeheader()
            for doubt in doubts:
                shutil.copyfile(version.path_of(doubt.item), draft / _picture(doubt.item))
                writer.writerow(_to_row(doubt))
        (draft / PAGE).write_text(_page(version.name, doubts), encoding="utf-8")
        draft.rename(out)
    except OSError as error:
        raise UsageError(f"Cannot write {out}: {error.strerror}: {error.filename}.") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def read_decisions(path: Path, version: DatasetVersion, *, by: str, at: datetime) -> list[Decision]:
    """Read a table that was filled in: a verdict in each row that was decided.

    Raises:
        UsageError: a row cannot be understood, or is of no picture of the version.
    """
    known = {item.key: item for item in version.items}
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file, restval="")
        missing = [name for name in ("key", "verdict") if name not in (reader.fieldnames or ())]
        if missing:
            raise UsageError(f"{path} lacks the columns {', '.join(missing)}.")
        decisions = []
        for row in reader:
            if not row["verdict"].strip():
                continue
            where = f"{path.name}, line {reader.line_num}"
            item = known.get(row["key"])
            if item is None:
                raise UsageError(f"{where}: {version.name} has no picture {row['key']!r}.")
            try:
                opinion = _read_opinion(row)
                decisions.append(make_decision(item, opinion, version=version.name, by=by, at=at))
            except UsageError as error:
                raise UsageError(f"{where}: {error}") from error
            except ValueError as error:
                raise UsageError(
                    f"{where}: {row['verdict']!r} is no verdict; use keep, drop or relabel."
                ) from error
    return decisions


def make_decision(item: Item, opinion: Opinion, *, version: str, by: str, at: datetime) -> Decision:
    """Return a person's opinion as a decision on a picture.

    Raises:
        UsageError: a relabelling says nothing or gives a Placeholder a colour, or nobody decides.
    """
    if not by.strip():
        raise UsageError("Say who decides: a name that others will recognise.")
    says_nothing = opinion.image_type is None and not opinion.sets_color
    if opinion.verdict is Verdict.RELABEL and says_nothing:
        raise UsageError("Say the new label: a type, a colour, or both.")
    if opinion.image_type is ImageType.PLACEHOLDER and opinion.color is not None:
        raise UsageError("A Placeholder has no colour: say the type alone.")
    return Decision(key=item.key, opinion=opinion, by=by, at=at, version=version)


def _find(items: Sequence[Item], prefix: str) -> Item:
    if len(prefix) < _SHORTEST_PREFIX:
        raise UsageError(f"{prefix!r} is too short: give at least {_SHORTEST_PREFIX} digits.")
    found = [item for item in items if item.key.startswith(prefix.lower())]
    if len(found) != 1:
        raise UsageError(f"{prefix!r} names {len(found)} pictures of the version, not one.")
    return found[0]


def _read_opinion(row: dict[str, str]) -> Opinion:
    verdict = Verdict(row["verdict"].strip().lower())
    if verdict is not Verdict.RELABEL:
        return Opinion(verdict=verdict, note=row.get("note", ""))
    new_type, new_color = row.get("new_type", "").strip(), row.get("new_color", "").strip()
    return Opinion(
        verdict=verdict,
        image_type=parse_image_type(new_type) if new_type else None,
        color=parse_color(new_color),
        sets_color=bool(new_color),
        note=row.get("note", ""),
    )


def _picture(item: Item) -> str:
    return f"pictures/{item.key[:16]}{Path(item.image).suffix}"


def _to_row(doubt: Doubt) -> dict[str, str]:
    item = doubt.item
    return {
        "key": item.key,
        "picture": _picture(item),
        "image_type": item.image_type,
        "color": item.color or "",
        "likely_type": doubt.likely_type,
        "likely_color": doubt.likely_color,
        "score": f"{doubt.score:.3f}",
        "advertiser": defuse(item.advertiser),
        "url": defuse(item.url),
    }


def _page(name: str, doubts: Sequence[Doubt]) -> str:
    figures = "\n".join(_figure(doubt) for doubt in doubts)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(name)}</title>'
        "<style>body{font:14px sans-serif}figure{display:inline-block;width:240px;margin:6px;"
        "vertical-align:top}img{max-width:240px;max-height:180px}</style>"
        f"<h1>Doubtful labels of {html.escape(name)}</h1>\n"
        f"<p>Write keep, drop or relabel into {TABLE}, then: forecourt dataset review-import.</p>\n"
        f"{figures}\n</html>\n"
    )


def _figure(doubt: Doubt) -> str:
    item = doubt.item
    likely = ", ".join(filter(None, (doubt.likely_type, doubt.likely_color)))
    told = f"{item.image_type}, {item.color or 'no colour'}; likely {likely} ({doubt.score:.2f})"
    return (
        f'<figure><img src="{_picture(item)}" alt="" loading="lazy"><figcaption>{told}<br>'
        f"{html.escape(item.advertiser)}<br><code>{item.key[:16]}</code></figcaption></figure>"
    )
