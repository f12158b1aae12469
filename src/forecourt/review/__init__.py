"""Stage: people correct what the sitemap shows. Their fixes are kept with their history and hold.

Functions take a connection and do not commit. Nothing is ever changed or deleted: a revert is a new
act, and so is the revert of a revert.
"""

from forecourt.review.carried import refuse_carried
from forecourt.review.conflicts import list_conflicts
from forecourt.review.fixing import Change, Done, fix_images, history, revert
from forecourt.review.history_files import events, write_csv, write_jsonl
from forecourt.review.importing import import_history
from forecourt.review.misclassified import By, count_misclassified
from forecourt.review.oddities import list_oddities

__all__ = [
    "By",
    "Change",
    "Done",
    "count_misclassified",
    "events",
    "fix_images",
    "history",
    "import_history",
    "list_conflicts",
    "list_oddities",
    "refuse_carried",
    "revert",
    "write_csv",
    "write_jsonl",
]
