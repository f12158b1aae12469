"""Stage: people correct what the sitemap shows. Their fixes are kept with their history and hold.

Functions take a connection and do not commit. Nothing is ever changed or deleted: a revert is a new
act, and so is the revert of a revert.
"""

from forecourt.core.selection import Selection
from forecourt.review.carried import refuse_carried
from forecourt.review.conflicts import list_conflicts, resolve_conflict, rulings
from forecourt.review.filling import fill_queue, find_candidates
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
from forecourt.review.history_files import events, write_csv, write_jsonl
from forecourt.review.hosts import reset_host
from forecourt.review.importing import import_history
from forecourt.review.misclassified import By, count_misclassified
from forecourt.review.oddities import list_oddities
from forecourt.review.pages import Place, list_history
from forecourt.review.pictures import Picture, find_place, load_own_picture, load_picture
from forecourt.review.queue import Waiting, count_done, list_queue
from forecourt.review.unshown import UnshownFix, find_unshown

__all__ = [
    "By",
    "Change",
    "Done",
    "Picture",
    "Place",
    "Preview",
    "Selection",
    "UnshownFix",
    "Waiting",
    "count_done",
    "count_misclassified",
    "events",
    "fill_queue",
    "find_candidates",
    "find_place",
    "find_unshown",
    "fix_images",
    "fix_selection",
    "history",
    "import_history",
    "iter_act",
    "list_conflicts",
    "list_history",
    "list_oddities",
    "list_queue",
    "load_own_picture",
    "load_picture",
    "preview",
    "refuse_carried",
    "reset_host",
    "resolve_conflict",
    "revert",
    "rulings",
    "write_csv",
    "write_jsonl",
]
