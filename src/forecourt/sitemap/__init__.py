"""Stage: an advertiser's sitemap: their vehicles with type and colour per image, and why.

Reads what tagging stored and resolves it (`core.resolve`); writes nothing to the store. Vehicles
are read a page at a time, so an inventory of any size is written in bounded memory.
"""

from forecourt.core.exports import SkippedImages
from forecourt.sitemap.ads import write_google, write_meta
from forecourt.sitemap.documents import (
    CSV_COLUMNS,
    image_to_json,
    vehicle_to_json,
    write_csv,
    write_json,
)
from forecourt.sitemap.entries import SitemapImage, SitemapVehicle, iter_sitemap
from forecourt.sitemap.pages import PageVehicle, Place, SitemapPage, find_places, load_page
from forecourt.sitemap.writers import Writer, find_writer

__all__ = [
    "CSV_COLUMNS",
    "PageVehicle",
    "Place",
    "SitemapImage",
    "SitemapPage",
    "SitemapVehicle",
    "SkippedImages",
    "Writer",
    "find_places",
    "find_writer",
    "image_to_json",
    "iter_sitemap",
    "load_page",
    "vehicle_to_json",
    "write_csv",
    "write_google",
    "write_json",
    "write_meta",
]
