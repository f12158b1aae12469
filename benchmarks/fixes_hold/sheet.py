"""A page with pairs of pictures: the one that was fixed, and the other."""

from __future__ import annotations

import base64
import html
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Case:
    """A fix that was lost or went astray: what happened, the fixed picture, the other one."""

    words: str
    fixed: bytes
    other: bytes


def write_sheet(path: Path, cases: list[Case]) -> None:
    """Write one HTML file that holds the pictures themselves."""
    rows = "\n".join(
        f"<tr><td>{html.escape(case.words)}</td>"
        f"<td>{_image(case.fixed)}</td><td>{_image(case.other)}</td></tr>"
        for case in cases
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        "<!doctype html><meta charset=utf-8><title>Fixes lost and astray</title>"
        "<style>img{max-width:300px;max-height:225px}td{padding:6px}</style>"
        f"<table><tr><th>what<th>fixed<th>other</tr>\n{rows}\n</table>\n",
        encoding="utf-8",
    )


def _image(data: bytes) -> str:
    return f'<img alt="" src="data:image;base64,{base64.b64encode(data).decode()}">'
