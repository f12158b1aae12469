"""Every file gets an answer or a reason, from a folder and through a feed, by the command line.

`forecourt classify FOLDER --jsonl` runs over the folder `test` in FORECOURT_DATA; then a local host
serves the same folder, and `forecourt tag` reads it as a feed of 100 vehicles. A file without a
line, a line without an answer or a reason, a traceback, or two different answers is a failure.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.image_host import serving

_VEHICLES = 100
_BINARY = Path(sys.executable).with_name("forecourt")

Answers = dict[str, tuple[str | None, str | None]]


@dataclass
class Findings:
    """What came of one way through the command line: answers by file name, and what is wrong."""

    answers: Answers = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    seconds: float = 0.0


def run_command(
    findings: Findings, arguments: list[str], settings: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    started = time.perf_counter()
    ended = subprocess.run(  # noqa: S603
        [str(_BINARY), *arguments],
        env=os.environ | settings,
        capture_output=True,
        text=True,
        check=False,
    )
    findings.seconds = time.perf_counter() - started
    if ended.returncode:
        findings.faults.append(f"exit code {ended.returncode}: {ended.stderr[-500:]}")
    if "Traceback" in ended.stderr:
        findings.faults.append(f"a traceback: {ended.stderr[-500:]}")
    return ended


def note(findings: Findings, name: str, status: str, reason: str | None, answer: Any) -> None:
    """Note one line of output; `answer`: type and colour."""
    if name in findings.answers:
        findings.faults.append(f"{name} was answered twice")
    if status == "tagged" and answer[0] is None:
        findings.faults.append(f"{name} is tagged but has no type")
    if status != "tagged" and not reason:
        findings.faults.append(f"{name} is {status} without a reason")
    findings.counts["tagged" if status == "tagged" else f"skipped: {reason}"] += 1
    findings.answers[name] = answer


def classify_folder(folder: Path) -> Findings:
    findings = Findings()
    ended = run_command(findings, ["classify", str(folder), "--jsonl"], {})
    for text in ended.stdout.splitlines():
        line = json.loads(text)
        name = Path(line["source"]).relative_to(folder).as_posix()
        answer = (line["image_type"], line["color"])
        note(findings, name, line["status"], line["reason"], answer)
    return findings


def tag_feed(folder: Path, names: list[str]) -> Findings:
    findings = Findings()
    with tempfile.TemporaryDirectory() as scratch, serving(folder) as host:
        vehicles = [
            {"id": f"stock-{n}", "images": [f"{host.base}/{name}" for name in names[n::_VEHICLES]]}
            for n in range(_VEHICLES)
        ]
        feed, sitemap = Path(scratch, "feed.json"), Path(scratch, "sitemap.json")
        feed.write_text(json.dumps({"advertiser": "benchmark", "vehicles": vehicles}))
        settings = {
            "FORECOURT_HOME": str(Path(scratch, "home")),
            "FORECOURT_FETCH__ALLOW_NETWORKS": "127.0.0.0/8",
        }
        arguments = ["tag", str(feed), "--out", str(sitemap), "--json"]
        ended = run_command(findings, arguments, settings)
        if ended.returncode:
            return findings
        for vehicle in json.loads(sitemap.read_text())["vehicles"]:
            for image in vehicle["images"]:
                predicted = image["predicted"] or {}
                answer = (predicted.get("image_type"), predicted.get("color"))
                name = image["url"].removeprefix(f"{host.base}/")
                note(findings, name, image["status"], image["skip_reason"], answer)
    return findings


def report(title: str, findings: Findings, names: list[str]) -> None:
    missing = sorted(set(names) - findings.answers.keys())
    if missing:
        findings.faults.append(f"{len(missing)} files have no line, such as {missing[0]}")
    counts = ", ".join(f"{count} {name}" for name, count in sorted(findings.counts.items()))
    print(f"{title}: {len(names)} files: {counts}; {findings.seconds:.1f} s with start-up")
    for fault in findings.faults:
        print(f"  FAULT: {fault}")


def main() -> int:
    argparse.ArgumentParser(description=__doc__).parse_args()
    data = os.environ.get("FORECOURT_DATA")
    folder = Path(data, "test") if data else None
    if folder is None or not folder.is_dir():
        print("SKIPPED: FORECOURT_DATA names no folder with a sub-folder `test` of pictures.")
        return 0
    files = (file for file in sorted(folder.rglob("*")) if file.is_file())
    names = [file.relative_to(folder).as_posix() for file in files]
    from_folder = classify_folder(folder)
    from_feed = tag_feed(folder, names)
    report("folder", from_folder, names)
    report(f"feed of {_VEHICLES} vehicles", from_feed, names)
    differing = [n for n in names if from_folder.answers.get(n) != from_feed.answers.get(n)]
    print(f"answers that differ between the two: {len(differing)}")
    return bool(from_folder.faults or from_feed.faults or differing)


if __name__ == "__main__":
    sys.exit(main())
