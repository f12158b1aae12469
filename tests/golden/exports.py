"""A small sitemap in every format, pinned: other programs are written against these files.

Where their shape is meant to change, say so in CHANGELOG.md and run

    python -m tests.golden.exports

which writes the folder `sitemaps` anew.
"""

from __future__ import annotations

import io
from pathlib import Path

from forecourt.core.exports import AdOptions, ExportFormat, Imageless, Placeholders
from forecourt.core.records import Vehicle
from forecourt.sitemap import SitemapVehicle, find_writer
from tests.support.entries import CARD, INTERIOR, PHOTO, STOCK, UNSEEN, entry

FOLDER = Path(__file__).with_name("sitemaps")


def sitemap() -> list[SitemapVehicle]:
    """An ordinary vehicle, one with odd words, and two without an image to show."""
    cdn = "https://cdn.example"
    return [
        entry(
            Vehicle(
                id="stock-1",
                vin="1FTFW1E50MFA00001",
                title="2024 Ford F-150 Lariat",
                condition="Used",
                body_type="Truck",
                color="Brilliant Red Metallic",
                url="https://acme.example/1",
                images=tuple(f"{cdn}/1/{number}.jpg" for number in range(5)),
            ),
            (CARD, STOCK, PHOTO, INTERIOR, UNSEEN),
        ),
        entry(
            Vehicle(
                id='27" "A", \u05d0 \U0001f697',
                title="=1+1",
                color='Rot "Sport", matt',
                images=(f"{cdn}/w_300,h_200/a.jpg", f"{cdn}/w_300,h_200/b.jpg?x=1&y='z'"),
            ),
            (PHOTO, PHOTO),
        ),
        entry(Vehicle(id="stock-3", color="Champagne", images=(f"{cdn}/soon.png",)), (CARD,)),
        entry(Vehicle(id="stock-4"), ()),
    ]


def files() -> dict[str, str]:
    """Every pinned file by its name, as the code writes it now."""
    generous = AdOptions(placeholders=Placeholders.LAST, imageless=Imageless.KEEP)
    made = {f"sitemap.{form.ending}": _write(form, None) for form in ExportFormat}
    for form in ExportFormat:
        if form.is_ad_feed:
            made[f"everything.{form.ending}"] = _write(form, generous)
    return made


def _write(form: ExportFormat, options: AdOptions | None) -> str:
    stream = io.StringIO(newline="")
    find_writer(form, options)(stream, "acme", sitemap())
    return stream.getvalue()


if __name__ == "__main__":
    for name, text in files().items():
        (FOLDER / name).write_text(text, encoding="utf-8", newline="")
