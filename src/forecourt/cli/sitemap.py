"""`forecourt export`: the sitemap of an advertiser as a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forecourt.cli.console import counted, err
from forecourt.cli.files import open_output
from forecourt.core.exports import (
    AdKey,
    AdOptions,
    ExportFormat,
    Imageless,
    LeftOut,
    Placeholders,
    SkippedImages,
    Written,
)
from forecourt.core.settings import Settings

if TYPE_CHECKING:
    from forecourt.jobs.workspace import Workspace

_WHY = {
    LeftOut.NO_IMAGE: "no Dealer or Stock image that could be the main one (--imageless keep)",
    LeftOut.NO_VIN: "no VIN (--key id)",
    LeftOut.REPEATED_VIN: "the VIN of a vehicle before",
    LeftOut.UNSAFE_ID: "an id that the network does not take, or that a spreadsheet would run",
}


def export(
    advertiser: Annotated[str, typer.Option("--advertiser", "-a", help="Whose sitemap.")],
    export_format: Annotated[ExportFormat, typer.Option("--format", help="Form of the file.")],
    output: Annotated[
        Path | None, typer.Option("--out", help="File to write; default: standard output.")
    ] = None,
    skipped: Annotated[
        SkippedImages,
        typer.Option("--skipped", help="Images without an answer: as Placeholder, or left out."),
    ] = SkippedImages.PLACEHOLDER,
    placeholders: Annotated[
        Placeholders,
        typer.Option(help="google, meta: Placeholders left out, or behind all other images."),
    ] = Placeholders.OMIT,
    imageless: Annotated[
        Imageless,
        typer.Option(help="google, meta: vehicles without an image left out, or kept with labels."),
    ] = Imageless.OMIT,
    key: Annotated[
        AdKey, typer.Option(help="google, meta: what the feed that this adds to has as its id.")
    ] = AdKey.ID,
) -> None:
    """Write the sitemap of an advertiser: their vehicles with type and colour per image.

    google and meta add to the feed that is there already: its ids, our images and labels.
    """
    from forecourt.jobs.workspace import open_workspace

    options = AdOptions(placeholders=placeholders, imageless=imageless, key=key)
    with open_workspace(Settings()) as workspace:
        write_sitemap(
            workspace, advertiser, output, export_format, skipped=skipped, options=options
        )


def write_sitemap(
    workspace: Workspace,
    advertiser: str,
    output: Path | None,
    export_format: ExportFormat,
    *,
    skipped: SkippedImages = SkippedImages.PLACEHOLDER,
    options: AdOptions | None = None,
) -> None:
    """Write a sitemap to a file (whole or not at all), or to standard output.

    Of a feed for ads, standard error is told what stands in it and what does not.

    Raises:
        UsageError: the file cannot be written, or the format has no such options.
    """
    from forecourt.sitemap import find_writer, iter_sitemap
    from forecourt.store.engine import reading

    write = find_writer(export_format, options)
    with open_output(output) as stream, reading(workspace.engine) as connection:
        entries = iter_sitemap(
            connection,
            advertiser,
            model_version=workspace.version_for(advertiser),
            skipped=skipped,
        )
        written = write(stream, advertiser, entries)
    if export_format.is_ad_feed:
        _report(written)


def _report(written: Written) -> None:
    total = f"{counted(written.vehicles, 'vehicle')}, {counted(written.images, 'image')}."
    err.print(total, markup=False, highlight=False)
    for reason, why in _WHY.items():
        count = written.left_out.get(reason, 0)
        if count:
            line = f"Left out: {counted(count, 'vehicle')}: {why}."
            err.print(line, markup=False, highlight=False)
