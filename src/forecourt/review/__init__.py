"""Stage: people correct what the sitemap shows. Their fixes are kept with their history and hold.

Functions take a connection and do not commit. Nothing is ever changed or deleted: a revert is a new
act, and so is the revert of a revert.
"""

from forecourt.review.carried import refuse_carried
from forecourt.review.conflicts import list_conflicts
from forecourt.review.fixing import Change, Done, fix_images, history, revert

__all__ = ["Change", "Done", "fix_images", "history", "list_conflicts", "refuse_carried", "revert"]
