"""XML catalogues (RSS, Atom, listings): one element per vehicle, read as a stream."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from forecourt.core.errors import FeedError
from forecourt.feeds.records import BrokenRow, RawRow, normalize_name

_VEHICLES = frozenset({"item", "entry", "listing", "vehicle", "car", "ad", "offer", "unit"})
_DEEPEST = 4


def read_rows(source: BinaryIO) -> Iterator[RawRow | BrokenRow]:
    """Yield the vehicles of a document; each element is forgotten once it was read.

    Raises:
        FeedError: it is no XML, or none that is safe to read (entities, external references).
    """
    number = 0
    stack: list[Element] = []
    try:
        for event, element in iterparse(source, events=("start", "end"), forbid_dtd=True):
            if event == "start":
                stack.append(element)
                continue
            stack.pop()
            inside_vehicle = any(_name(parent) in _VEHICLES for parent in stack)
            if _name(element) in _VEHICLES and not inside_vehicle and len(element):
                number += 1
                yield RawRow(number, None, _flatten(element))
            if not inside_vehicle:
                element.clear()
                if stack:
                    stack[-1].remove(element)
    except DefusedXmlException as error:
        raise FeedError(
            "The XML declares a document type or entities, which can be used to attack the reader. "
            "Export it without a DOCTYPE."
        ) from error
    except ParseError as error:
        if number == 0:
            raise FeedError(f"The feed is no valid XML: {error}.") from error
        yield BrokenRow(
            number + 1,
            error.position[0],
            f"the document breaks off behind vehicle {number}: {error}",
            "Send the file again; the vehicles before were taken.",
        )


def _name(element: Element) -> str:
    return normalize_name(element.tag.rpartition("}")[2])


def _flatten(vehicle: Element) -> dict[str, tuple[str, ...]]:
    fields: dict[str, tuple[str, ...]] = {}

    def add(element: Element, path: str, depth: int) -> None:
        text = (element.text or "").strip() or element.get("href", "") or element.get("url", "")
        if text:
            fields[path] = (*fields.get(path, ()), text)
        if depth < _DEEPEST:
            for child in element:
                add(child, f"{path}.{_name(child)}", depth + 1)

    for child in vehicle:
        add(child, _name(child), 1)
    return fields
