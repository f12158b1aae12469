"""Which function writes which format: the one table for every edge."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Protocol, TextIO

from forecourt.core.errors import UsageError
from forecourt.core.exports import AdOptions, ExportFormat, Written
from forecourt.sitemap.ads import write_google, write_meta
from forecourt.sitemap.documents import write_csv, write_json
from forecourt.sitemap.entries import SitemapVehicle


class Writer(Protocol):
    """Writes a sitemap as its vehicles come, and says what stands in it."""

    def __call__(
        self, stream: TextIO, advertiser: str, entries: Iterable[SitemapVehicle], /
    ) -> Written:
        """Write all of it."""


_DOCUMENTS: dict[ExportFormat, Writer] = {
    ExportFormat.JSON: write_json,
    ExportFormat.CSV: write_csv,
}
_AD_FEEDS = {ExportFormat.GOOGLE: write_google, ExportFormat.META: write_meta}


def find_writer(export_format: ExportFormat, options: AdOptions | None = None) -> Writer:
    """Return what writes a format.

    Args:
        export_format: Of the file.
        options: What was chosen of a feed for ads; None where nothing was.

    Raises:
        UsageError: options are given for a format that has none.
    """
    if export_format in _AD_FEEDS:
        return partial(_AD_FEEDS[export_format], options=options or AdOptions())
    if options is not None and options != AdOptions():
        raise UsageError(
            "The options placeholders, imageless and key are for google and meta: "
            f"{export_format} is the whole sitemap."
        )
    return _DOCUMENTS[export_format]
