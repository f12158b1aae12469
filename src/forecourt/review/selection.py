"""Which images of a sitemap an act is for: named ones, or all that fit what the sitemap shows."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from forecourt.core.errors import NotFoundError, UsageError
from forecourt.core.labels import Color, ImageType
from forecourt.core.paint import map_paint
from forecourt.core.records import Source, Tag, Vehicle
from forecourt.core.resolve import Evidence, Resolved, Status, resolve
from forecourt.identity.urls import make_url_key
from forecourt.store import inventory
from forecourt.store import scrapes as stored_scrapes
from forecourt.store.evidence import iter_evidence, load_evidence
from forecourt.store.inventory import LocatedImage, VehicleImage
from forecourt.store.scrapes import Scrape

_PAGE = 1_000  # named URLs or vehicles


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Images of an advertiser's latest sitemap.

    Either the images are named (`urls`), or they are those for which all that is given holds; of a
    list, one entry has to fit. What is compared is what the sitemap shows, fixes included.

    Attributes:
        urls: Of the images; nothing else is given beside them.
        vehicle_ids: Of these vehicles.
        whole_sitemap: Says that no condition is meant; else one has to be given.
        colors: None among them stands for "no colour".
        review: Whether the model is not sure.
        type_confidence_below: The model's decision is shown, and its confidence is lower.
        color_confidence_below: Likewise.
        against_scrape_color: A fix shows, or the model sees, another colour than the feed's words.
        text: Part of the vehicle's title, VIN or id, in any letter case.
    """

    urls: tuple[str, ...] = ()
    vehicle_ids: tuple[str, ...] = ()
    whole_sitemap: bool = False
    image_types: tuple[ImageType, ...] = ()
    colors: tuple[Color | None, ...] = ()
    statuses: tuple[Status, ...] = ()
    type_sources: tuple[Source, ...] = ()
    color_sources: tuple[Source, ...] = ()
    conditions: tuple[str, ...] = ()
    review: bool | None = None
    type_confidence_below: float | None = None
    color_confidence_below: float | None = None
    against_scrape_color: bool = False
    text: str | None = None

    def __post_init__(self) -> None:
        selects = self.is_filter or bool(self.vehicle_ids)
        if self.urls and selects:
            raise UsageError("Name images by their URLs, or select them by what holds; not both.")
        if not self.urls and not selects:
            raise UsageError("Say which images: URLs, vehicles, a filter, or the whole sitemap.")
        if self.text is not None and not self.text.strip():
            raise UsageError("The text to look for is empty.")

    @property
    def is_filter(self) -> bool:
        """Whether something else than URLs or vehicles says which, so that it may be very many."""
        return self.whole_sitemap or any(_is_given(one) for one in self._filters())

    def fits(self, vehicle: Vehicle, evidence: Evidence, resolved: Resolved) -> bool:
        """Return whether an image fits; of URLs nothing is asked here."""
        image_type, color = resolved.image_type, resolved.color
        return (
            _is_among(vehicle.id, self.vehicle_ids)
            and _is_among(image_type.value, self.image_types)
            and _is_among(color.value, self.colors)
            and _is_among(resolved.status, self.statuses)
            and _is_among(image_type.source, self.type_sources)
            and _is_among(color.source, self.color_sources)
            and _is_among(vehicle.condition, self.conditions)
            and self.review in {None, resolved.review}
            and _is_below(image_type, self.type_confidence_below)
            and _is_below(color, self.color_confidence_below)
            and (not self.against_scrape_color or _is_against_scrape(vehicle, evidence, resolved))
            and (self.text is None or _holds_text(vehicle, self.text))
        )

    def _filters(self) -> tuple[object, ...]:
        return (
            self.image_types,
            self.colors,
            self.statuses,
            self.type_sources,
            self.color_sources,
            self.conditions,
            self.review,
            self.type_confidence_below,
            self.color_confidence_below,
            self.against_scrape_color or None,
            self.text,
        )


@dataclass(frozen=True, slots=True)
class Selected:
    """An image that was selected, where it stands first, and what the sitemap shows."""

    image: VehicleImage
    vehicle: Vehicle
    resolved: Resolved


def iter_selected(
    connection: sa.Connection, advertiser: str, selection: Selection, *, model_version: str
) -> Iterator[list[Selected]]:
    """Yield the images of a selection, a page at a time; empty pages are left out.

    One picture may stand in several places, and is yielded once. A set of their numbers is all that
    grows with the sitemap.

    Raises:
        NotFoundError: the advertiser has no scrape, or a URL or vehicle does not stand in it.
    """
    scrape = stored_scrapes.get_latest(connection, advertiser)
    seen: set[int | str] = set()
    pages = _iter_named if selection.urls else _iter_fitting
    for page in pages(connection, scrape, selection, model_version):
        fresh = []
        for one in page:
            subject = one.image.image_id or one.image.url_key
            if subject not in seen:
                seen.add(subject)
                fresh.append(one)
        if fresh:
            yield fresh


def iter_located(
    connection: sa.Connection, scrape: Scrape, urls: Sequence[str]
) -> Iterator[list[LocatedImage]]:
    """Yield where URLs stand in a scrape, some at a time, each time in the order of the feed.

    Raises:
        NotFoundError: a URL does not stand in it.
    """
    by_key = {make_url_key(url): url for url in urls}
    for keys in _pages(by_key):
        found = inventory.locate_images(connection, scrape.id, keys)
        missing = set(keys) - {one.image.url_key for one in found}
        if missing:
            url = next(url for key, url in by_key.items() if key in missing)
            raise NotFoundError(
                f"{url} is not in the sitemap of {scrape.advertiser!r}. Take the URL from "
                f"`forecourt export --advertiser {scrape.advertiser} --format csv`."
            )
        yield found


def _iter_named(
    connection: sa.Connection, scrape: Scrape, selection: Selection, model_version: str
) -> Iterator[list[Selected]]:
    for found in iter_located(connection, scrape, selection.urls):
        evidence = load_evidence(
            connection,
            scrape.advertiser,
            [(one.image, one.vehicle.color) for one in found],
            model_version=model_version,
        )
        yield [
            Selected(one.image, one.vehicle, resolve(known))
            for one, known in zip(found, evidence, strict=True)
        ]


def _iter_fitting(
    connection: sa.Connection, scrape: Scrape, selection: Selection, model_version: str
) -> Iterator[list[Selected]]:
    named = dict.fromkeys(selection.vehicle_ids)
    for vehicle_ids in _pages(named) if named else [None]:
        missing = set(vehicle_ids or ())
        for page in iter_evidence(
            connection, scrape, model_version=model_version, vehicle_ids=vehicle_ids
        ):
            missing -= {entry.vehicle.id for entry in page}
            yield [
                Selected(image, entry.vehicle, resolved)
                for entry in page
                for image, evidence in entry.images
                if selection.fits(entry.vehicle, evidence, resolved := resolve(evidence))
            ]
        if missing:
            first = next(one for one in named if one in missing)
            raise NotFoundError(
                f"There is no vehicle {first!r} in the latest scrape of {scrape.advertiser!r}."
            )


def _pages(named: Collection[str]) -> Iterator[list[str]]:
    wanted = list(named)
    for start in range(0, len(wanted), _PAGE):
        yield wanted[start : start + _PAGE]


def _is_given(condition: object) -> bool:
    return condition is not None and condition != ()  # "not in review" and "below 0" are conditions


def _is_among(value: object, wanted: Collection[object]) -> bool:
    return not wanted or value in wanted


def _is_below(tag: Tag[ImageType] | Tag[Color | None], limit: float | None) -> bool:
    """Only a model's answer has a confidence; people and feeds are never unsure."""
    return limit is None or (tag.confidence is not None and tag.confidence < limit)


def _is_against_scrape(vehicle: Vehicle, evidence: Evidence, resolved: Resolved) -> bool:
    """Where a model sees no paint (an interior) it contradicts nobody; a fix to no colour does."""
    given = map_paint(vehicle.color)
    if given is None or resolved.image_type.value is ImageType.PLACEHOLDER:
        return False
    seen = evidence.decision.color if evidence.decision else None
    is_fixed_otherwise = resolved.color.source is Source.FIX and resolved.color.value is not given
    return is_fixed_otherwise or (seen is not None and seen is not given)


def _holds_text(vehicle: Vehicle, text: str) -> bool:
    wanted = text.strip().casefold()
    return any(
        wanted in (words or "").casefold() for words in (vehicle.title, vehicle.vin, vehicle.id)
    )
