"""COCO: categories named by image type or colour; one annotation over the whole picture for each.

What COCO has no place for stands in the image's `attributes`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any, TypeGuard

from forecourt.core.errors import UnknownLabelError, UsageError
from forecourt.core.labels import COLORS, IMAGE_TYPES, parse_color, parse_image_type
from forecourt.dataset.formats.rows import Row

_KEYS = ("images", "annotations", "categories")


def is_coco(document: object) -> TypeGuard[dict[str, Any]]:
    """Say whether a JSON document is COCO."""
    return isinstance(document, dict) and all(isinstance(document.get(key), list) for key in _KEYS)


def read(document: dict[str, Any], name: str) -> Iterator[Row]:
    """Yield a row for each picture with a type; one with two types gives two rows.

    Raises:
        UsageError: it is not laid out as COCO lays it out.
    """
    try:
        yield from _read(document, name)
    except (KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{name} is not laid out as COCO: {error!r}.") from error


def write(pictures: Sequence[tuple[dict[str, str], tuple[int, int]]]) -> dict[str, Any]:
    """Return a COCO document.

    Args:
        pictures: Fields of each picture, with its width and height.
    """
    names = [("image_type", str(one)) for one in IMAGE_TYPES]
    names += [("color", str(one)) for one in COLORS]
    numbers = {name: number for number, (_group, name) in enumerate(names, start=1)}
    document: dict[str, Any] = {
        "images": [],
        "annotations": [],
        "categories": [
            {"id": numbers[name], "name": name, "supercategory": group} for group, name in names
        ],
    }
    for number, (fields, (width, height)) in enumerate(pictures, start=1):
        left = {k: v for k, v in fields.items() if k not in {"file", "image_type", "color"}}
        document["images"].append(
            {
                "id": number,
                "file_name": fields["file"],
                "width": width,
                "height": height,
                "attributes": left,
            }
        )
        for label in filter(None, (fields["image_type"], fields["color"])):
            document["annotations"].append(
                {
                    "id": len(document["annotations"]) + 1,
                    "image_id": number,
                    "category_id": numbers[label],
                    "bbox": [0, 0, width, height],
                    "area": width * height,
                    "iscrowd": 0,
                }
            )
    return document


def _read(document: dict[str, Any], name: str) -> Iterator[Row]:
    kinds = {one["id"]: _label_of(str(one["name"])) for one in document["categories"]}
    found: defaultdict[Any, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for annotation in document["annotations"]:
        label = kinds.get(annotation["category_id"])
        if label is not None and label[1] not in found[annotation["image_id"]][label[0]]:
            found[annotation["image_id"]][label[0]].append(label[1])
    for image in document["images"]:
        labels = found[image["id"]]
        attributes = {k: str(v) for k, v in image.get("attributes", {}).items()}
        for image_type, color in product(labels["image_type"], labels["color"] or [""]):
            fields = {"file": image["file_name"], "image_type": image_type, "color": color}
            yield Row(f"{name}, image {image['id']}", {**attributes, **fields})


def _label_of(name: str) -> tuple[str, str] | None:
    """Return what a category says, or None where it is another thing ("car", "person")."""
    try:
        return "image_type", parse_image_type(name)
    except UnknownLabelError:
        pass
    try:
        color = parse_color(name)
    except UnknownLabelError:
        return None
    return None if color is None else ("color", color)
