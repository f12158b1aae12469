"""`forecourt export`: the sitemap of an advertiser as a file."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TextIO

import typer

from forecourt.cli.files import open_output
from forecourt.core.errors import UsageError
from forecourt.core.settings import Settings

if TYPE_CHECKING:
    from forecourt.jobs.workspace import Workspace

SkippedChoice = Literal["placeholder", "omit"]  # those of forecourt.sitemap.SkippedImages


class ExportFormat(StrEnum):
    """Formats of a written sitemap."""

    JSON = "json"
    CSV = "csv"

    @classmethod
    def of(cls, path: Path) -> ExportFormat:
        """Return the format that a file's name asks for.

        Raises:
            UsageError: the ending is not known.
        """
        try:
            return cls(path.suffix.lower().removeprefix("."))
        except ValueError:
            raise UsageError(f"{path.name}: name the file .json or .csv.") from None


def export(
    advertiser: Annotated[str, typer.Option("--advertiser", "-a", help="Whose sitemap.")],
    export_format: Annotated[ExportFormat, typer.Option("--format", help="Form of the file.")],
    output: Annotated[
        Path | None, typer.Option("--out", help="File to write; default: standard output.")
    ] = None,
    skipped: Annotated[
        SkippedChoice,
        typer.Option("--skipped", help="Images without an answer: as Placeholder, or left out."),
    ] = "placeholder",
) -> None:
    """Write the sitemap of an advertiser: their vehicles with type and colour per image."""
    from forecourt.jobs.workspace import open_workspace

    with open_workspace(Settings()) as workspace:
        write_sitemap(workspace, advertiser, output, export_format, skipped=skipped)


def write_sitemap(
    workspace: Workspace,
    advertiser: str,
    output: Path | None,
    export_format: ExportFormat,
    *,
    skipped: SkippedChoice = "placeholder",
) -> None:
    """Write a sitemap to a file (whole or not at all), or to standard output."""
    with open_output(output) as stream:
        _write(workspace, advertiser, stream, export_format, skipped)


def _write(
    workspace: Workspace,
    advertiser: str,
    stream: TextIO,
    export_format: ExportFormat,
    skipped: SkippedChoice,
) -> None:
    from forecourt.sitemap import SkippedImages, iter_sitemap, write_csv, write_json
    from forecourt.store.engine import reading

    write = write_json if export_format is ExportFormat.JSON else write_csv
    with reading(workspace.engine) as connection:
        entries = iter_sitemap(
            connection,
            advertiser,
            model_version=workspace.champion.version,
            skipped=SkippedImages(skipped),
        )
        write(stream, advertiser, entries)
