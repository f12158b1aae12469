"""The sitemap as feeds for ads: which images an advertising network gets, and in which order.

Rules, for each vehicle:

    E1  images that are Dealer come first, in the order of the feed
    E2  images that are Stock come behind them
    E3  images that are Placeholder, or have no answer, are left out; with `Placeholders.LAST` they
        come behind E1 and E2. Without any of these there are none: a Placeholder is never first
    E4  an image whose URL is longer than the network takes is passed over, and what is more than
        it takes of one vehicle is cut off
    E5  a vehicle without images is left out; with `Imageless.KEEP` it is a line without images
    E6  a vehicle whose id cannot be written exactly and without harm is left out

What a feed would override (the colour's wording included) is otherwise as the advertiser gave it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TextIO

from forecourt.core.exports import AdKey, AdOptions, Imageless, LeftOut, Placeholders, Written
from forecourt.core.labels import ImageType
from forecourt.feeds.seen import SeenIds
from forecourt.feeds.write import (
    GOOGLE,
    META,
    Listing,
    ListingFormat,
    ListingImage,
    ListingWriter,
)
from forecourt.sitemap.entries import SitemapImage, SitemapVehicle

DEFAULT_OPTIONS = AdOptions()
NO_COLOR = "none"
# Classes of the number of Dealer images. Words, because a spreadsheet takes "1-4" for a date.
_PHOTOS = ((10, "photos 10 or more"), (5, "photos 5 to 9"), (1, "photos 1 to 4"), (0, "no photos"))


def write_google(
    stream: TextIO,
    _advertiser: str,
    entries: Iterable[SitemapVehicle],
    options: AdOptions = DEFAULT_OPTIONS,
) -> Written:
    """Write a supplemental feed for Google's vehicle ads: tab-separated, a vehicle a line."""
    return _write(stream, GOOGLE, entries, options)


def write_meta(
    stream: TextIO,
    _advertiser: str,
    entries: Iterable[SitemapVehicle],
    options: AdOptions = DEFAULT_OPTIONS,
) -> Written:
    """Write a supplementary feed for a Meta automotive catalogue: CSV, a vehicle a line."""
    return _write(stream, META, entries, options)


def choose_images(
    images: Iterable[SitemapImage], placeholders: Placeholders = Placeholders.OMIT
) -> tuple[SitemapImage, ...]:
    """Return the images that ads may show, the main one first (rules E1 to E3)."""
    by_type: dict[ImageType, list[SitemapImage]] = {one: [] for one in ImageType}
    for image in images:
        by_type[image.resolved.image_type.value].append(image)
    shown = [*by_type[ImageType.DEALER], *by_type[ImageType.STOCK]]
    if shown and placeholders is Placeholders.LAST:
        shown += by_type[ImageType.PLACEHOLDER]
    return tuple(shown)


def label(images: Sequence[SitemapImage]) -> tuple[str, str, str]:
    """Return what the custom labels say of a vehicle's chosen images, not yet cut off.

    The type of the main image (Placeholder without any), the colour of the first image that has
    one, and a class of the number of Dealer images.
    """
    main = images[0].resolved.image_type.value if images else ImageType.PLACEHOLDER
    colors = (image.resolved.color.value for image in images)
    photos = sum(image.resolved.image_type.value is ImageType.DEALER for image in images)
    return (
        main,
        next((color for color in colors if color is not None), NO_COLOR),
        next(words for least, words in _PHOTOS if photos >= least),
    )


def _write(
    stream: TextIO,
    listing_format: ListingFormat,
    entries: Iterable[SitemapVehicle],
    options: AdOptions,
) -> Written:
    writer = ListingWriter(stream, listing_format)
    vehicles = images = 0
    left_out: Counter[LeftOut] = Counter()
    seen = SeenIds() if options.key is AdKey.VIN else None  # ids of a scrape are never repeated
    for entry in entries:
        listing = _make_listing(entry, listing_format, options)
        if seen and isinstance(listing, Listing) and seen.add(listing.key, vehicles + 1):
            listing = LeftOut.REPEATED_VIN
        if isinstance(listing, LeftOut):
            left_out[listing] += 1
            continue
        writer.write(listing)
        vehicles += 1
        images += len(listing.images)
    return Written(vehicles=vehicles, images=images, left_out=left_out)


def _make_listing(
    entry: SitemapVehicle, listing_format: ListingFormat, options: AdOptions
) -> Listing | LeftOut:
    vehicle = entry.vehicle
    key = vehicle.id if options.key is AdKey.ID else vehicle.vin
    if key is None:
        return LeftOut.NO_VIN
    if not listing_format.takes_key(key):
        return LeftOut.UNSAFE_ID
    usable = (image for image in entry.images if listing_format.takes_url(image.url))
    images = choose_images(usable, options.placeholders)
    if not images and options.imageless is Imageless.OMIT:
        return LeftOut.NO_IMAGE
    return Listing(
        key=key,
        color=vehicle.color,
        images=tuple(
            ListingImage(url=image.url, tags=_tags_of(image))
            for image in images[: listing_format.most_images]
        ),
        labels=label(images),
    )


def _tags_of(image: SitemapImage) -> tuple[str, ...]:
    image_type, color = image.resolved.image_type.value, image.resolved.color.value
    return (image_type,) if color is None else (image_type, color)
