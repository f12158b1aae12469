"""DATASET_CARD.md: what a version holds and how it was made, for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from forecourt.core.dataset import Item, Omission, Recipe, Split
from forecourt.dataset.balance import find_shortages

_SHOWN_SHORTAGES = 15
_SHOWN_ADVERTISERS = 10


def render_card(
    *,
    name: str,
    created_at: datetime,
    items: Sequence[Item],
    omissions: Sequence[Omission],
    recipe: Recipe,
    counts: Mapping[str, Any],
) -> str:
    """Return the card as Markdown."""
    parts = [f"# Dataset version {name}\n"]
    parts += [_intro(created_at, items, recipe)]
    for title, field in (
        ("Image types", "image_type"),
        ("Colours", "color"),
        ("Vehicle kinds", "kind"),
        ("Where the labels come from", "source"),
    ):
        parts.append(f"## {title}\n\n{_by_split(counts, field)}")
    parts.append(f"## Left out\n\n{_left_out(omissions)}")
    parts.append(f"## Balance\n\n{_balance(items, recipe, counts)}")
    parts.append(f"## Advertisers\n\n{_advertisers(items)}")
    parts.append(f"## Pictures\n\n{_pictures(items)}")
    parts.append(
        "## Integrity\n\n`version.json` has the SHA-256 of `manifest.parquet`, and the manifest "
        "that of every picture.\n"
    )
    return "\n".join(parts)


def _intro(created_at: datetime, items: Sequence[Item], recipe: Recipe) -> str:
    lines = [f"- Made on {created_at:%Y-%m-%d %H:%M} UTC; {len(items):,} pictures."]
    if recipe.parent:
        lines.append(f"- Goes on from {recipe.parent} (manifest {recipe.parent_sha256}).")
    if recipe.imported:
        lines.append(f"- Imported: {', '.join(recipe.imported)}.")
    if recipe.fixes_until:
        since = f"from {recipe.since:%Y-%m-%d %H:%M} UTC " if recipe.since else ""
        lines.append(f"- Fixes {since}to {recipe.fixes_until:%Y-%m-%d %H:%M} UTC.")
    shares = ", ".join(f"{split} {share:.0%}" for split, share in recipe.shares.items())
    lines.append(f"- Split by advertiser, aiming at {shares}; who has a side keeps it.")
    lines.append(f"- Pictures under {recipe.least_side} pixels are left out.\n")
    return "\n".join(lines)


def _by_split(counts: Mapping[str, Any], field: str) -> str:
    names = list(dict.fromkeys(name for split in Split for name in counts[split][field]))
    rows = [(name, *(counts[split][field].get(name, 0) for split in Split)) for name in names]
    rows.append(("all", *(sum(counts[split][field].values()) for split in Split)))
    return _table(("", *Split), rows)


def _left_out(omissions: Sequence[Omission]) -> str:
    counts = Counter(one.reason for one in omissions)
    if not counts:
        return "Nothing.\n"
    rows = [(str(reason), number) for reason, number in sorted(counts.items())]
    return _table(("reason", "pictures"), rows) + "\nEach of them: `left_out.csv`.\n"


def _balance(items: Sequence[Item], recipe: Recipe, counts: Mapping[str, Any]) -> str:
    shown_share = counts[Split.TRAIN]["other_vehicles_shown"]
    shown = (
        f"Of the vehicles that training is shown, {shown_share:.1%} are no cars, by weight (quota "
        f"{recipe.least_other:.0%})."
    )
    shortages = find_shortages(items)
    if not shortages:
        return f"{shown} Nothing is short.\n"
    rows = [(one.split, one.slice, one.images, one.advice) for one in shortages[:_SHOWN_SHORTAGES]]
    lines = [f"{shown} To collect next:\n"]
    lines.append(_table(("split", "slice", "pictures", "what to do"), rows))
    left = len(shortages) - _SHOWN_SHORTAGES
    if left > 0:
        lines.append(f"And {left} more: `forecourt dataset stats`.\n")
    return "\n".join(lines)


def _advertisers(items: Sequence[Item]) -> str:
    counts = Counter((item.advertiser or "(none given)", item.split) for item in items)
    rows = [(name, split, number) for (name, split), number in counts.most_common()]
    shown = _table(("advertiser", "split", "pictures"), rows[:_SHOWN_ADVERTISERS])
    left = len(rows) - _SHOWN_ADVERTISERS
    return f"{shown}\nAnd {left} more.\n" if left > 0 else shown


def _pictures(items: Sequence[Item]) -> str:
    thumbnails = sum(item.is_thumbnail for item in items)
    return (
        f"{thumbnails:,} of {len(items):,} are thumbnails, as tagging keeps them: longer side at "
        "most 320 pixels, encoded once more as JPEG. They are as large as a network of 224 pixels "
        "needs; crops of them, and larger inputs, show less than the original would. The others "
        "are the files that were imported, untouched.\n\n"
        "The rights stay with whoever had them: a version is for training and evaluation.\n"
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    return "\n".join(_lines(head, rows)) + "\n"


def _lines(head: Sequence[str], rows: Sequence[Sequence[object]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(_cell(one) for one in row)} |"


def _cell(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value).replace("|", "\\|")
