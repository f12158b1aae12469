"""Which images of a sitemap somebody means: named ones, or all that fit what is shown. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from forecourt.core.errors import UsageError
from forecourt.core.labels import Color, ImageType
from forecourt.core.paint import map_paint
from forecourt.core.records import Source, Tag, Vehicle
from forecourt.core.resolve import Evidence, Resolved, Status, strongest_fix


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
        sources: Where the type or the colour comes from; of the two, one has to fit.
        carried: Whether the type or the colour was carried from another encoding of the picture.
        fixed_by: The type or the colour was fixed by somebody of this name, in any letter case.
        fixed_since: The type or the colour was fixed then or later.
        fixed_until: The type or the colour was fixed before then.
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
    sources: tuple[Source, ...] = ()
    carried: bool | None = None
    fixed_by: str | None = None
    fixed_since: datetime | None = None
    fixed_until: datetime | None = None
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

    def fits_vehicle(self, vehicle: Vehicle) -> bool:
        """Return whether any image of a vehicle can fit: what is asked of the vehicle holds."""
        return (
            _is_among(vehicle.id, self.vehicle_ids)
            and _is_among(vehicle.condition, self.conditions)
            and (self.text is None or _holds_text(vehicle, self.text))
        )

    def fits(self, vehicle: Vehicle, evidence: Evidence, resolved: Resolved) -> bool:
        """Return whether an image fits; of URLs nothing is asked here."""
        image_type, color = resolved.image_type, resolved.color
        sources = {image_type.source, color.source}
        return (
            self.fits_vehicle(vehicle)
            and _is_among(image_type.value, self.image_types)
            and _is_among(color.value, self.colors)
            and _is_among(resolved.status, self.statuses)
            and _is_among(image_type.source, self.type_sources)
            and _is_among(color.source, self.color_sources)
            and (not self.sources or not sources.isdisjoint(self.sources))
            and self.review in {None, resolved.review}
            and self.carried in {None, _is_carried(resolved)}
            and _is_below(image_type, self.type_confidence_below)
            and _is_below(color, self.color_confidence_below)
            and (not self.against_scrape_color or _is_against_scrape(vehicle, evidence, resolved))
            and (not self._asks_for_fixes or self._is_fixed(evidence))
        )

    @property
    def _asks_for_fixes(self) -> bool:
        return any(one is not None for one in (self.fixed_by, self.fixed_since, self.fixed_until))

    def _is_fixed(self, evidence: Evidence) -> bool:
        """Whether of what is shown something was fixed by whom, and when, it is asked for."""
        shown = (strongest_fix(evidence.type_fixes), strongest_fix(evidence.color_fixes))
        return any(
            fix is not None
            and (self.fixed_by is None or fix.by.casefold() == self.fixed_by.strip().casefold())
            and (self.fixed_since is None or fix.at >= self.fixed_since)
            and (self.fixed_until is None or fix.at < self.fixed_until)
            for fix in shown
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
            self.sources,
            self.carried,
            self.fixed_by,
            self.fixed_since,
            self.fixed_until,
            self.text,
        )


def _is_given(condition: object) -> bool:
    return condition is not None and condition != ()  # "not in review" and "below 0" are conditions


def _is_among(value: object, wanted: Collection[object]) -> bool:
    return not wanted or value in wanted


def _is_below(tag: Tag[ImageType] | Tag[Color | None], limit: float | None) -> bool:
    """Only a model's answer has a confidence; people and feeds are never unsure."""
    return limit is None or (tag.confidence is not None and tag.confidence < limit)


def _is_carried(resolved: Resolved) -> bool:
    return bool(resolved.image_type.carried_from or resolved.color.carried_from)


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
