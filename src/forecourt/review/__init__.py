"""Stage: people correct what the sitemap shows. Their fixes are kept with their history and hold.

Functions take a connection and do not commit. Nothing is ever changed or deleted: a revert is a new
act, and so is the revert of a revert.
"""

from forecourt.review.carried import refuse_carried
from forecourt.review.conflicts import list_conflicts, resolve_conflict, rulings
from forecourt.review.fixing import (
    Change,
    Done,
    Preview,
    fix_images,
    fix_selection,
    history,
    iter_act,
    preview,
    revert,
)
from forecourt.review.selection import Selection

__all__ = [
    "Change",
    "Done",
    "Preview",
    "Selection",
    "fix_images",
    "fix_selection",
    "history",
    "iter_act",
    "list_conflicts",
    "preview",
    "refuse_carried",
    "resolve_conflict",
    "revert",
    "rulings",
]
