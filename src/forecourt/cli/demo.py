"""`forecourt demo`: the whole way from an inventory to its sitemap, without a network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from forecourt.cli.console import err, out, tagging_progress
from forecourt.cli.sitemap import write_sitemap
from forecourt.core.exports import ExportFormat
from forecourt.core.settings import Settings

if TYPE_CHECKING:
    from forecourt.demo.answers import Score
    from forecourt.demo.run import DayReport, Demo
    from forecourt.tagging import Tally

_SHEET = "contact-sheet.html"


def run(
    folder: Annotated[
        Path, typer.Option("--out", help="Folder for everything; emptied first if a demo made it.")
    ] = Path("demo-out"),
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Tag a sample inventory from a local image host, three times, and show the result."""
    from forecourt.demo.answers import judge_sitemap, score, to_json
    from forecourt.demo.run import open_demo
    from forecourt.demo.sheet import render_sheet

    with open_demo(Settings(), folder) as demo:
        reports = _run_days(demo)
        last, before = reports[-1].day, reports[-2].day
        entries = judge_sitemap(
            demo.read_sitemap(last),
            files=last.files,
            truths=demo.inventory.truth,
            last_seen=before.files,
        )
        judged = [one for _entry, images in entries for one in images]
        scores = score(judged)
        advertiser = last.scrape["advertiser"]
        for name in ("sitemap.json", "sitemap.csv"):
            path = folder / name
            write_sitemap(demo.workspace, advertiser, path, ExportFormat.of(path))
        sheet = render_sheet(
            entries,
            reports,
            scores,
            advertiser=advertiser,
            model_version=demo.workspace.champion.version,
            read_picture=demo.inventory.read_picture,
        )
        (folder / _SHEET).write_text(sheet, encoding="utf-8")
    files = {
        "contact_sheet": str(folder / _SHEET),
        "sitemap_json": str(folder / "sitemap.json"),
        "sitemap_csv": str(folder / "sitemap.csv"),
    }
    if as_json:
        report = {
            "advertiser": advertiser,
            "runs": [one.to_json() for one in reports],
            "answers": to_json(scores, judged),
            "files": files,
        }
        typer.echo(json.dumps(report, ensure_ascii=False))
        return
    out.print(_summary(reports))
    out.print(_score_table(scores))
    out.print(f"Look at {(folder / _SHEET).resolve().as_uri()}", soft_wrap=True)
    out.print(f"The sitemap is in {files['sitemap_json']} and {files['sitemap_csv']}.")


def _run_days(demo: Demo) -> list[DayReport]:
    reports = []
    with tagging_progress() as bar:
        for number in range(demo.inventory.days):
            err.print(f"{number + 1}. {demo.inventory.note(number)}", highlight=False)
            task = bar.add_task(f"Scrape {number + 1}", total=None, rate=0.0, cached=0, skipped=0)

            def show(_name: str, tally: Tally, task: Any = task) -> None:
                bar.update(
                    task,
                    total=tally.total,
                    completed=tally.done,
                    cached=tally.cached,
                    skipped=tally.skipped.total(),
                )

            report = demo.run_day(number, on_progress=show)
            bar.update(task, rate=report.tally.done / max(report.seconds, 1e-3))
            reports.append(report)
    return reports


def _summary(reports: list[DayReport]) -> Table:
    table = Table(title="What each scrape took", title_justify="left")
    table.add_column()
    for report in reports:
        table.add_column(report.day.name, justify="right")
    rows: list[tuple[str, list[int]]] = [
        ("Images", [one.tally.total for one in reports]),
        ("Requests (host's log)", [one.log.requests for one in reports]),
        ("Downloaded (host's log)", [one.log.bodies for one in reports]),
        ("only to verify headers", [one.tally.verified for one in reports]),
        ("Cache hits", [one.tally.cached for one in reports]),
        ("could not be re-checked", [one.tally.recheck_failed for one in reports]),
        ("Classified", [one.tally.classified for one in reports]),
    ]
    for reason in sorted({reason for one in reports for reason in one.tally.skipped}):
        counts = [one.tally.skipped[reason] for one in reports]
        rows.append((f"Skipped: {reason.replace('_', ' ')}", counts))
    for name, values in rows:
        table.add_row(name, *(f"{value:,}" for value in values))
    table.add_row("Seconds", *(f"{one.seconds:.2f}" for one in reports))
    return table


def _score_table(scores: list[Score]) -> Table:
    table = Table(title="The model's answers and the truth", title_justify="left", min_width=40)
    table.add_column()
    table.add_column("Right", justify="right")
    for one in scores:
        table.add_row(one.name, f"{one.right} of {one.total}")
    return table
