"""The sample inventory: vehicles, their pictures on three days, and what each picture really shows.

inventory/scrape.json   the advertiser's vehicles; {base} stands for the image host
inventory/days.json     what changes at the host and in the scrape from day to day
inventory/truth.json    file → type, colour and description, written by whoever made the picture
inventory/*.jpg ...     the pictures; scripts/demo_inventory made all of them
"""

from __future__ import annotations

import json
import mimetypes
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from forecourt.core.labels import Color, ImageType
from forecourt.demo.host import Resource

_FIRST_DAY = 1_789_999_200  # any fixed time will do; Last-Modified must not move between runs
_DAY_S = 86_400
_PHOTOS = "/photos/"
_BASE = "{base}"


@dataclass(frozen=True, slots=True)
class Truth:
    """What a picture shows. `color` is None where no paint is to be judged."""

    image_type: ImageType
    color: Color | None
    about: str


@dataclass(frozen=True, slots=True)
class Day:
    """One scrape of the inventory and the host as it stands that day.

    Attributes:
        name: For people.
        scrape: The feed, with the host's base in its URLs.
        resources: Path → what the host serves.
        files: Path → the file it is, for looking up the truth and the picture.
    """

    name: str
    scrape: dict[str, Any]
    resources: dict[str, Resource]
    files: dict[str, str]


class Inventory:
    """The sample inventory as it is shipped with the package."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or Path(str(files("forecourt") / "demo" / "inventory"))
        self._days: list[dict[str, Any]] = self._read("days.json")
        self.truth = {name: _truth(entry) for name, entry in self._read("truth.json").items()}

    def read_picture(self, name: str) -> bytes:
        """Return the bytes of one file."""
        return (self._folder / name).read_bytes()

    def day(self, number: int, base: str) -> Day:
        """Return one day, from 0; changes of the days before it hold on."""
        scrape: dict[str, Any] = self._read("scrape.json")
        paths = {_PHOTOS + name: name for name in self._pictures()}
        modified = dict.fromkeys(paths, _FIRST_DAY)
        for index, changes in enumerate(self._days[: number + 1]):
            for path, name in changes["serve"].items():
                modified[path] = _FIRST_DAY + index * _DAY_S
                if name is None:
                    paths.pop(path, None)
                else:
                    paths[path] = name
            _change_images(scrape, changes)
            scrape["scraped_at"] = changes["scraped_at"]
        resources = {
            path: Resource(self.read_picture(name), _content_type(name), modified[path])
            for path, name in paths.items()
        }
        text = json.dumps(scrape, ensure_ascii=False).replace(_BASE, base)
        return Day(self._days[number]["name"], json.loads(text), resources, paths)

    def note(self, number: int) -> str:
        """Return what is to be seen on a day, for people."""
        note: str = self._days[number]["note"]
        return note

    @property
    def days(self) -> int:
        """How many days there are."""
        return len(self._days)

    def _pictures(self) -> list[str]:
        return [path.name for path in self._folder.iterdir() if path.suffix != ".json"]

    def _read(self, name: str) -> Any:
        return json.loads((self._folder / name).read_text(encoding="utf-8"))


def _truth(entry: dict[str, Any]) -> Truth:
    color = entry["color"]
    return Truth(ImageType(entry["image_type"]), Color(color) if color else None, entry["about"])


def _change_images(scrape: dict[str, Any], changes: dict[str, Any]) -> None:
    vehicles = {vehicle["id"]: vehicle["images"] for vehicle in scrape["vehicles"]}
    for vehicle_id, url in changes["add_images"]:
        vehicles[vehicle_id].append(url)
    for vehicle_id, url in changes["remove_images"]:
        vehicles[vehicle_id].remove(url)


def _content_type(name: str) -> str:
    # Not every Python's table knows the newer formats.
    newer = {".avif": "image/avif", ".webp": "image/webp"}
    known = newer.get(Path(name).suffix) or mimetypes.guess_type(name)[0]
    return known or "application/octet-stream"
