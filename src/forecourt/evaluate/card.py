"""A report as Markdown, and its place in a model card: between two marks, never typed by hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from forecourt.core.errors import UsageError
from forecourt.core.labels import COLORS, IMAGE_TYPES
from forecourt.vision.bundle import FIGURES_BEGIN, FIGURES_END


def update_card(path: Path, report: dict[str, Any]) -> None:
    """Replace the figures of a card by those of a report.

    Raises:
        UsageError: the card is missing, or does not have the two marks in their order.
    """
    before, after = read_card(path)
    figures = render_figures(report)
    path.write_text(f"{before}{FIGURES_BEGIN}\n\n{figures}\n{FIGURES_END}{after}", encoding="utf-8")


def read_card(path: Path) -> tuple[str, str]:
    """Return what stands in a card before its figures and behind them.

    Raises:
        UsageError: the card is missing, or does not have the two marks in their order.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}.") from error
    before, begin, rest = text.partition(FIGURES_BEGIN)
    _old, end, after = rest.partition(FIGURES_END)
    if not begin or not end:
        raise UsageError(
            f"{path} has no place for figures. Put these two lines in it: {FIGURES_BEGIN} and "
            f"{FIGURES_END}."
        )
    return before, after


def render_figures(report: dict[str, Any]) -> str:
    """Return the tables of a report (`Report.to_json`) as Markdown."""
    types, colors, review = report["image_type"], report["color"], report["review"]
    scope = (
        f"Model {report['model_version']}, split `{report['split']}`: {report['pictures']} "
        f"pictures of {report['advertisers']} advertisers. Intervals are 95 % Wilson score "
        "intervals and take pictures as independent; frames of one vehicle are not quite."
    )
    means = (
        f"Macro recall: image type {_percent(types['macro_recall'])}, colour "
        f"{_percent(colors['macro_recall'])}. Calibration error (15 bins): image type "
        f"{_number(types['calibration_error'])}, colour {_number(colors['calibration_error'])}."
    )
    parts = [
        scope,
        _table(
            ("what", "right / all", "share", "95 % interval"),
            [
                ("image type", *_share(types["accuracy"])),
                ("colour, as decided", *_share(colors["decided"])),
                ("colour, most probable", *_share(colors["top1"])),
                ("colour, among the two most probable", *_share(colors["top2"])),
                ("no colour where no paint is seen", *_share(colors["none"])),
                ("marked for review", *_share(review["marked"])),
                ("image type where not marked", *_share(review["type_unmarked"])),
                ("colour where not marked", *_share(review["color_unmarked"])),
                ("image type of the surest 95 %", *_share(review["type_surest"])),
                ("most probable colour of the surest 95 %", *_share(review["color_surest"])),
            ],
        ),
        means,
        _gaps(report["cars_and_others"]),
        "### Per class",
        _classes(types["classes"] + colors["classes"]),
        "### Confusion of image types (rows: truth)",
        _confusion(types["confusion"], IMAGE_TYPES),
        "### Confusion of colours (rows: truth; columns: most probable)",
        _confusion(colors["confusion"], COLORS),
        "### Per vehicle kind",
        _slices("kind", report["by_kind"]),
        "### Per view",
        _slices("view", report["by_view"]),
        "### Per advertiser",
        _slices("advertiser", report["by_advertiser"]),
    ]
    return "\n\n".join(parts) + "\n"


def _gaps(gaps: dict[str, Any]) -> str:
    told = [
        f"{name} {_points(gaps[key]['value'])} ({_points(gaps[key]['low'])} to "
        f"{_points(gaps[key]['high'])})"
        for name, key in (("image type", "image_type"), ("colour", "color"))
    ]
    return (
        f"Cars minus other vehicles, in points with the 95 % interval: {'; '.join(told)} "
        "(Newcombe; placeholders apart)."
    )


def _points(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:+.1f}"


def _classes(classes: Sequence[dict[str, Any]]) -> str:
    rows = [
        (
            one["name"],
            *_share(one["recall"]),
            _percent(one["precision"]["value"]),
        )
        for one in classes
    ]
    return _table(("class", "found / all", "recall", "95 % interval", "precision"), rows)


def _slices(kind: str, slices: Sequence[dict[str, Any]]) -> str:
    rows = [(one["name"], *_share(one["image_type"]), *_share(one["color"])) for one in slices]
    return _table(
        (kind, "type", "share", "95 % interval", "colour", "share", "95 % interval"), rows
    )


def _confusion(counts: Sequence[Sequence[int]], classes: Sequence[str]) -> str:
    rows = [
        (name, *(str(count or "·") for count in row))
        for name, row in zip(classes, counts, strict=True)
    ]
    return _table(("", *classes), rows)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _share(one: dict[str, Any]) -> tuple[str, str, str]:
    if not one["n"]:
        return "-", "-", "-"
    counts = f"{one['right']} / {one['n']}"
    return counts, _percent(one["value"]), f"{_percent(one['low'])}-{_percent(one['high'])}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
