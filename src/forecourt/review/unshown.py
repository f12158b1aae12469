"""Fixes that are kept while the sitemap goes on showing something else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from forecourt.core.fixes import Fix, FixField
from forecourt.core.selection import Selection
from forecourt.review.selection import iter_selected


@dataclass(frozen=True, slots=True, kw_only=True)
class UnshownFix:
    """A fix, what the sitemap shows instead, and why."""

    fix: Fix
    shown: str | None
    reason: str


def find_unshown(
    connection: sa.Connection, advertiser: str, fixes: Iterable[Fix], *, model_version: str
) -> list[UnshownFix]:
    """Return those of some fresh fixes that the advertiser's sitemap does not show.

    A Placeholder shows no colour, whatever it is fixed to, nor does an image that was never seen;
    and staff's fix gives way to the advertiser's.
    """
    found = list(fixes)
    if not found:
        return []
    selection = Selection(urls=tuple({fix.url for fix in found}))
    resolved = {
        one.image.url_key: one.resolved
        for page in iter_selected(connection, advertiser, selection, model_version=model_version)
        for one in page
    }
    unshown = []
    for fix in found:
        shown = resolved.get(fix.url_key)
        if shown is None:
            continue
        tag = shown.image_type if fix.field is FixField.IMAGE_TYPE else shown.color
        if tag.value != fix.value:
            unshown.append(UnshownFix(fix=fix, shown=tag.value, reason=tag.reason))
    return unshown
