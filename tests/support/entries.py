"""Vehicles of a sitemap, put together without a store."""

from __future__ import annotations

from collections.abc import Sequence

from forecourt.core.labels import Color, ImageType
from forecourt.core.records import Decision, Vehicle
from forecourt.core.resolve import Evidence, resolve
from forecourt.core.skips import SkipReason
from forecourt.sitemap import SitemapImage, SitemapVehicle

Shown = tuple[ImageType | None, Color | None]

PHOTO: Shown = (ImageType.DEALER, Color.RED)
INTERIOR: Shown = (ImageType.DEALER, None)
STOCK: Shown = (ImageType.STOCK, Color.BLUE)
CARD: Shown = (ImageType.PLACEHOLDER, None)
UNSEEN: Shown = (None, None)  # could not be had


def entry(vehicle: Vehicle, shown: Sequence[Shown]) -> SitemapVehicle:
    """A vehicle whose images, in the order of the feed, show this."""
    images = (
        _image(position, url, *one)
        for position, (url, one) in enumerate(zip(vehicle.images, shown, strict=True))
    )
    return SitemapVehicle(vehicle=vehicle, images=tuple(images))


def car(*shown: Shown, name: str = "a", vin: str | None = None) -> SitemapVehicle:
    """A vehicle with an image for each of `shown`: https://cdn.example/<name>/0.jpg and so on."""
    urls = tuple(f"https://cdn.example/{name}/{number}.jpg" for number in range(len(shown)))
    return entry(Vehicle(id=name, vin=vin, images=urls), shown)


def _image(
    position: int, url: str, image_type: ImageType | None, color: Color | None
) -> SitemapImage:
    decision = image_type and Decision(
        model_version="m-1",
        image_type=image_type,
        image_type_confidence=0.9,
        image_type_reason="most_probable",
        color=color,
        color_confidence=0.9,
        color_reason="most_probable",
        review=False,
    )
    skip_reason = None if decision else SkipReason.NOT_FOUND
    return SitemapImage(
        position=position,
        url=url,
        image_key=None,
        key_source=None,
        resolved=resolve(Evidence(decision=decision, skip_reason=skip_reason)),
        predicted=decision,
    )
