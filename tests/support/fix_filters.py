"""What each filter of a bulk fix must let through, told apart from the code as `fix_model` is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.support.fix_model import PAINT, Model, Place, Shown
from tests.support.shop import Answer


def make_fits(model: Model, advertiser: str, wanted: Mapping[str, Any]) -> Callable[[Place], bool]:
    """Return whether a place fits what is given, as the arguments of `review.Selection`."""

    def fits(place: Place) -> bool:
        shown, answer = model.shown(advertiser, place), model.answer(place.image)
        checks = {**_of_place(place), **_of_shown(shown), **_of_model(place, shown, answer)}
        return all(checks[name](value) for name, value in wanted.items())

    return fits


def _of_place(place: Place) -> dict[str, Callable[[Any], bool]]:
    return {
        "urls": lambda urls: place.url in urls,
        "whole_sitemap": lambda _: True,
        "vehicle_ids": lambda ids: place.vehicle in ids,
        "conditions": lambda conditions: place.condition in conditions,
        "text": lambda text: text.lower() in f"{place.title}|{place.vehicle}".lower(),
    }


def _of_shown(shown: Shown) -> dict[str, Callable[[Any], bool]]:
    return {
        "image_types": lambda types: shown.image_type in types,
        "colors": lambda colors: shown.color in colors,
        "statuses": lambda statuses: shown.status in statuses,
        "type_sources": lambda sources: shown.type_source in sources,
        "color_sources": lambda sources: shown.color_source in sources,
        "review": lambda review: shown.review is review,
    }


def _of_model(
    place: Place, shown: Shown, answer: Answer | None
) -> dict[str, Callable[[Any], bool]]:
    of_type = answer.image_type_confidence if answer else 1.0
    # That a Placeholder has no colour is as sure as its type is.
    is_placeholder = shown.image_type == "Placeholder"
    of_color = of_type if is_placeholder else answer.color_confidence if answer else 1.0
    paint = PAINT[place.words]
    says_otherwise = (shown.color_source == "fix" and shown.color != paint) or (
        answer is not None and answer.color not in {None, paint}
    )
    return {
        "type_confidence_below": lambda limit: shown.type_source == "model" and of_type < limit,
        "color_confidence_below": lambda limit: shown.color_source == "model" and of_color < limit,
        "against_scrape_color": lambda _: (
            paint is not None and not is_placeholder and says_otherwise
        ),
    }
