"""Label Studio: tasks with an image and choices named by image type or colour."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

from forecourt.core.errors import UnknownLabelError, UsageError
from forecourt.core.labels import COLORS, IMAGE_TYPES, parse_color, parse_image_type
from forecourt.dataset.formats.rows import Row

NO_PAINT = "none"
_LOCAL = "/data/local-files/"  # how Label Studio names files of its local storage


def read(document: Sequence[Any], name: str) -> Iterator[Row]:
    """Yield a row for each annotated task; annotators who differ give a row each.

    Raises:
        UsageError: it is not laid out as Label Studio lays it out.
    """
    for number, task in enumerate(document, start=1):
        try:
            rows = list(_read(task))
        except (KeyError, TypeError, AttributeError, IndexError) as error:
            raise UsageError(
                f"{name}, task {number}, is not laid out as Label Studio's: {error!r}."
            ) from error
        yield from (Row(f"{name}, task {number}", fields) for fields in rows)


def write(
    pictures: Sequence[dict[str, str]], *, predictions: Sequence[Sequence[Any]] = ()
) -> list[dict[str, Any]]:
    """Return tasks that hold the labels as annotations.

    Args:
        pictures: Fields of each.
        predictions: For each, what Label Studio is to show as somebody's guess.
    """
    tasks = []
    for number, fields in enumerate(pictures):
        left = {k: v for k, v in fields.items() if k not in {"file", "image_type", "color"}}
        color = fields["color"] or (NO_PAINT if fields["paint"] == "no" else "")
        result = [choice("image_type", fields["image_type"])]
        result += [choice("color", color)] if color else []
        task = {
            "data": {"image": fields["file"], **left},
            "annotations": [{"result": result}],
        }
        if predictions:
            task["predictions"] = list(predictions[number])
        tasks.append(task)
    return tasks


def choice(field: str, value: str) -> dict[str, Any]:
    """Return one choice as a result of Label Studio's."""
    return {
        "from_name": field,
        "to_name": "image",
        "type": "choices",
        "value": {"choices": [value]},
    }


def config() -> str:
    """Return the labelling interface that fits what is written."""

    def choices(field: str, values: Sequence[str]) -> str:
        lines = "\n".join(f'    <Choice value="{value}"/>' for value in values)
        return f'  <Choices name="{field}" toName="image" choice="single">\n{lines}\n  </Choices>'

    return "\n".join(
        (
            "<View>",
            '  <Image name="image" value="$image"/>',
            choices("image_type", IMAGE_TYPES),
            choices("color", (*COLORS, NO_PAINT)),
            "</View>\n",
        )
    )


def _read(task: dict[str, Any]) -> Iterator[dict[str, str]]:
    data = {name: str(value) for name, value in task["data"].items()}
    image = data.pop("image", None) or data.pop("img", "")
    seen: list[dict[str, str]] = []
    for annotation in task.get("annotations") or task.get("completions") or []:
        if annotation.get("was_cancelled"):
            continue
        labels: dict[str, str] = {}
        for result in annotation["result"]:
            for value in (result.get("value") or {}).get("choices", [])[:1]:
                labels.update(_label_of(value))
        if "image_type" in labels and labels not in seen:
            seen.append(labels)
            yield {**data, **labels, "file": _to_path(image)}


def _label_of(value: str) -> dict[str, str]:
    try:
        return {"image_type": parse_image_type(value)}
    except UnknownLabelError:
        pass
    try:
        color = parse_color(value)
    except UnknownLabelError:
        return {}
    return {"color": color or "", "paint": "no" if color is None else "yes"}


def _to_path(image: str) -> str:
    """Return where an image lies below the base folder."""
    if image.startswith(_LOCAL):
        return parse_qs(urlsplit(image).query).get("d", [""])[0]
    return image
