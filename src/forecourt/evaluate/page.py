"""An evaluation as one HTML file: no scripts, no files beside it, pictures as data URIs."""

from __future__ import annotations

import base64
import html
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from forecourt.core.evaluation import Evaluation, JudgedModel
from forecourt.core.labels import COLORS, IMAGE_TYPES
from forecourt.core.paired import Paired
from forecourt.evaluate.compare import Mistake, compare_models, label_suspects, worst_mistakes
from forecourt.vision.decode import decode_image
from forecourt.vision.thumbnail import make_thumbnail

_MISTAKES = 24  # of type, and as many of colour
_SUSPECTS = 24
_WORST_SHARE = 0.1
_LEAST = 5  # pictures of an advertiser, to be among the worst

_STYLE = """
body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem}
body{color:#1b1f24}
table{border-collapse:collapse;margin:.5rem 0 1.5rem;font-variant-numeric:tabular-nums}
caption{text-align:left;font-weight:600;padding:.3rem 0}
th,td{padding:.25rem .7rem;border-bottom:1px solid #d8dee4;text-align:right}
th:first-child,td:first-child{text-align:left}
.worse{background:#ffe3e0}.better{background:#dcf5e3}
.wide{overflow-x:auto}
figure{display:inline-block;width:200px;margin:6px;vertical-align:top;font-size:13px}
img{max-width:200px;max-height:150px;display:block}
figcaption{overflow-wrap:anywhere}
"""


def render_page(evaluation: Evaluation, folder: Path, *, shown: str) -> str:
    """Return the report.

    Args:
        evaluation: What the models said.
        folder: Where the paths of the pictures start from.
        shown: Version of the model whose tables and mistakes are shown in full.
    """
    champion = evaluation.models[0]
    model = next(one for one in evaluation.models if one.version == shown)
    both = [champion] if model is champion else [model, champion]
    parts = [
        f"<h1>{_e(evaluation.name)}</h1>",
        _scope(evaluation),
        _overview(evaluation),
        _paired(evaluation),
        _sides(evaluation),
        f"<h2>{_e(shown)} beside the champion</h2>",
        *(_classes(both, question) for question in ("image_type", "color")),
        _slices(both, "by_kind", "Per vehicle kind"),
        _worst_advertisers(both),
        _confusion(model, "image_type", IMAGE_TYPES),
        _confusion(model, "color", COLORS),
        f"<h2>Worst mistakes of {_e(shown)}</h2>",
        _figures(worst_mistakes(evaluation, shown, most=_MISTAKES), folder),
        "<h2>Suspect labels</h2>",
        _ABOUT_SUSPECTS,
        _figures(label_suspects(evaluation, most=_SUSPECTS), folder),
    ]
    body = "\n".join(parts)
    return (
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{_e(evaluation.name)}</title>\n<style>{_STYLE}</style>\n<main>\n{body}\n</main>\n"
        "</html>\n"
    )


def _scope(evaluation: Evaluation) -> str:
    advertisers = len({one.advertiser for one in evaluation.pictures})
    return (
        f"<p>{len(evaluation.pictures):,} pictures of {advertisers:,} advertisers, from "
        f"{_e(evaluation.source)}. Champion: {_e(evaluation.champion)}. Made "
        f"{evaluation.made_at:%Y-%m-%d %H:%M} UTC. Intervals are 95 %; they take pictures as "
        "independent, and frames of one vehicle are not quite.</p>"
    )


def _overview(evaluation: Evaluation) -> str:
    rows = []
    for one in evaluation.models:
        types, colors = one.report["image_type"], one.report["color"]
        rows.append(
            (
                one.version,
                _share(types["accuracy"]),
                _percent(_macro_f1(types)),
                _share(types["classes"][IMAGE_TYPES.index("Placeholder")]["recall"]),
                _share(colors["decided"]),
                _percent(_macro_f1(colors)),
                _number(types["calibration_error"]),
                _number(colors["calibration_error"]),
                _percent(one.report["review"]["marked"]["value"]),
                f"{one.cpu_ms:.1f}",
            )
        )
    header = (
        "model", "type", "macro F1", "placeholders found", "colour", "macro F1",
        "calibration error: type", "colour", "marked for review", "CPU ms a picture",
    )  # fmt: skip
    return _table("Models", header, rows)


def _paired(evaluation: Evaluation) -> str:
    rows: list[Sequence[str]] = []
    marks = []
    for one in compare_models(evaluation):
        for question, paired in (("type", one.image_type), ("colour", one.color)):
            rows.append((one.version, question, *_tell_paired(paired)))
            marks.append("worse" if paired.is_worse else "better" if paired.gap.low > 0 else "")
    header = (
        "candidate", "question", "it alone right", "champion alone right", "difference, points",
        "95 % interval", "p (McNemar)",
    )  # fmt: skip
    return _table("Candidates and champion on the same pictures", header, rows, marks)


def _tell_paired(paired: Paired) -> tuple[str, ...]:
    gap = paired.gap
    if not paired.n:
        return ("-",) * 5
    return (
        str(paired.gained),
        str(paired.lost),
        f"{100 * gap.value:+.1f}",
        f"{100 * gap.low:+.1f} to {100 * gap.high:+.1f}",
        f"{paired.p:.3f}",
    )


def _sides(evaluation: Evaluation) -> str:
    """Show how much easier a random split would be."""
    rows = [
        (
            one.version,
            _share(one.seen["image_type"]["accuracy"]),
            _share(one.report["image_type"]["accuracy"]),
            _share(one.seen["color"]["decided"]),
            _share(one.report["color"]["decided"]),
        )
        for one in evaluation.models
        if one.seen
    ]
    if not rows:
        return ""
    header = (
        "model",
        "type, random split",
        "type, unseen",
        "colour, random split",
        "colour, unseen",
    )
    return _table("Random split and unseen advertisers", header, rows) + (
        "<p>Random split: pictures of training's own advertisers, held out by a hash of their "
        "vehicle. A champion from before that rule has seen them.</p>"
    )


def _classes(models: Sequence[JudgedModel], question: str) -> str:
    rows = []
    for index, name in enumerate(one["name"] for one in models[0].report[question]["classes"]):
        row = [name]
        for model in models:
            one = model.report[question]["classes"][index]
            row += [_share(one["recall"]), _share(one["precision"])]
        rows.append(row)
    header = ["class", *(f"{what}: {one.version}" for one in models for what in _WHAT)]
    title = "Per type" if question == "image_type" else "Per colour, most probable"
    return _table(title, header, rows)


_ABOUT_SUSPECTS = (
    "<p>Every model is sure, in the same way, against these labels of the test set. Look through "
    "them: forecourt dataset relabel.</p>"
)
_WHAT = ("recall", "precision")


def _slices(models: Sequence[JudgedModel], field: str, title: str) -> str:
    told = [{one["name"]: one for one in model.report[field]} for model in models]
    rows = [[name or "(not known)", *_both(told, name)] for name in told[0]]
    what = title.rsplit(maxsplit=1)[-1]
    header = [what, *(f"{q}: {one.version}" for one in models for q in _ASKED)]
    return _table(title, header, rows)


_ASKED = ("type", "colour")


def _both(told: Sequence[dict[str, Any]], name: str) -> list[str]:
    return [_share(one[name][question]) for one in told for question in ("image_type", "color")]


def _worst_advertisers(models: Sequence[JudgedModel]) -> str:
    """List the worst decile of advertisers, three at least, by the share of right types."""
    enough = [one for one in models[0].report["by_advertiser"] if one["image_type"]["n"] >= _LEAST]
    ranked = sorted(enough, key=lambda one: (one["image_type"]["value"], one["name"]))
    worst = ranked[: max(3, round(len(ranked) * _WORST_SHARE))]
    right = sum(one["image_type"]["right"] for one in worst)
    n = sum(one["image_type"]["n"] for one in worst)
    told = [{one["name"]: one for one in model.report["by_advertiser"]} for model in models]
    rows = [[one["name"] or "(not known)", *_both(told, one["name"])] for one in worst]
    header = ["advertiser", *(f"{q}: {one.version}" for one in models for q in _ASKED)]
    title = f"Worst decile of advertisers ({right} of {n} types right)"
    return _table(title, header, rows) if worst else ""


def _confusion(model: JudgedModel, question: str, classes: Iterable[str]) -> str:
    names = list(classes)
    rows = [
        [name, *(str(count or "·") for count in row)]
        for name, row in zip(names, model.report[question]["confusion"], strict=True)
    ]
    title = f"Confusion of {'types' if question == 'image_type' else 'colours'} (rows: label)"
    return _table(title, ["", *names], rows)


def _figures(mistakes: Sequence[Mistake], folder: Path) -> str:
    if not mistakes:
        return "<p>None.</p>"
    return "\n".join(_figure(one, folder) for one in mistakes)


def _figure(one: Mistake, folder: Path) -> str:
    small = make_thumbnail(decode_image((folder / one.picture.image).read_bytes()).rgb)
    source = f"data:image/jpeg;base64,{base64.b64encode(small).decode()}"
    return (
        f'<figure><img src="{source}" alt=""><figcaption>{_e(one.told)} '
        f"({100 * one.confidence:.0f} %)<br>{_e(one.picture.advertiser)} "
        f"<code>{_e(one.picture.key[:12])}</code></figcaption></figure>"
    )


def _table(
    title: str, header: Sequence[str], rows: Sequence[Sequence[str]], marks: Sequence[str] = ()
) -> str:
    head = "".join(f"<th>{_e(one)}</th>" for one in header)
    lines = []
    for place, row in enumerate(rows):
        mark = f' class="{marks[place]}"' if marks and marks[place] else ""
        lines.append(f"<tr{mark}>{''.join(f'<td>{_e(one)}</td>' for one in row)}</tr>")
    return (
        f'<div class="wide"><table><caption>{_e(title)}</caption><tr>{head}</tr>\n'
        + "\n".join(lines)
        + "</table></div>"
    )


def _macro_f1(figures: dict[str, Any]) -> float | None:
    """Return the mean F1 over the classes that the pictures hold."""
    scores = []
    for one in figures["classes"]:
        recall, precision = one["recall"]["value"], one["precision"]["value"] or 0.0
        if recall is not None:
            scores.append(2 * recall * precision / (recall + precision) if recall else 0.0)
    return sum(scores) / len(scores) if scores else None


def _share(one: dict[str, Any]) -> str:
    if not one["n"]:
        return "-"
    return (
        f"{100 * one['value']:.1f} % ({100 * one['low']:.0f}-{100 * one['high']:.0f}; n {one['n']})"
    )


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _e(text: str) -> str:
    return html.escape(text)
