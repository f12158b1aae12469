"""What is written for Google and Meta is read back by our own readers as it was."""

from __future__ import annotations

import csv
import io
import re
import tempfile
from pathlib import Path
from string import ascii_letters, digits

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from forecourt.core.exports import AdOptions, ExportFormat, Imageless, LeftOut
from forecourt.core.labels import Color, ImageType
from forecourt.core.records import Vehicle
from forecourt.feeds.read import read_feed
from forecourt.feeds.urls import clean_url
from forecourt.feeds.words import is_nothing
from forecourt.sitemap import SitemapVehicle, find_writer
from tests.support.entries import Shown, entry

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
# Tabs, quotes, line ends, separators, signs of formulas, letters outside the BMP, right to left.
HOSTILE = (
    "\t\r\n\x00\x85\u2028\ufeff\u200b\u202e\"'`,;|\\<>&{}[]=+-@%# "
    "aZ09é\u05d0\u0645\u4e2d\U0001f697\u0301"
)
texts = st.text(st.sampled_from(HOSTILE) | st.characters(codec="utf-8"), max_size=24)
URL_LETTERS = ascii_letters + digits + "/:?#[]@!$&'()*+,;=-._~%"
shown = st.tuples(st.sampled_from(ImageType), st.none() | st.sampled_from(Color)).map(
    lambda one: (one[0], None if one[0] is ImageType.PLACEHOLDER else one[1])
)


def to_url(tail: str) -> str | None:
    """As every URL that is stored: by way of the readers' own cleaning."""
    return clean_url(f"https://cdn.example/{tail}")


tails = st.text(URL_LETTERS, max_size=30) | st.sampled_from(
    ("a,https://b.example/c", "w_300,h_200/a.jpg", "a;//b,", "a,,", "x?u=http://y,z;", "é, \"ü'")
)
urls = tails.map(to_url).filter(lambda url: url is not None)


@st.composite
def entries(draw: st.DrawFn) -> list[SitemapVehicle]:
    names = draw(st.lists(texts, unique=True, max_size=6))
    made = []
    for name in names:
        images = draw(st.lists(urls, unique=True, max_size=4))
        vehicle = Vehicle(id=name, color=draw(st.none() | texts), images=tuple(images))
        answers: list[Shown] = draw(st.lists(shown, min_size=len(images), max_size=len(images)))
        made.append(entry(vehicle, answers))
    return made


def write_and_read(
    form: ExportFormat, made: list[SitemapVehicle]
) -> tuple[list[Vehicle], dict[LeftOut, int]]:
    """Read a written file as any feed is read; refused rows fail the test."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "feed"
        with path.open("w", encoding="utf-8", newline="") as stream:
            options = AdOptions(imageless=Imageless.KEEP)
            written = find_writer(form, options)(stream, "acme", made)
        with read_feed(path) as feed:
            vehicles = list(feed)
    assert all(isinstance(one, Vehicle) for one in vehicles), vehicles
    assert written.vehicles == len(vehicles)
    return vehicles, dict(written.left_out)  # type: ignore[return-value]


def expected_images(one: SitemapVehicle, *, encoded: bool) -> list[str]:
    """Dealer, then Stock; in Google's lists commas are encoded, which may make two URLs one."""
    found = [
        image.url
        for wanted in (ImageType.DEALER, ImageType.STOCK)
        for image in one.images
        if image.resolved.image_type.value is wanted
    ]
    return list(dict.fromkeys(map(plain, found))) if encoded else found


def plain(url: str) -> str:
    return url.replace("%2C", ",").replace("%3B", ";")


def check(form: ExportFormat, made: list[SitemapVehicle]) -> None:
    by_id = {one.vehicle.id: one for one in made}
    vehicles, left_out = write_and_read(form, made)
    assert len(vehicles) + left_out.get(LeftOut.UNSAFE_ID, 0) == len(made)
    for read in vehicles:
        given_as = by_id[read.id]  # the very id, or KeyError
        assert read.color in {given_as.vehicle.color, None}
        encoded = form is ExportFormat.GOOGLE
        images = list(map(plain, read.images)) if encoded else list(read.images)
        assert list(dict.fromkeys(images)) == expected_images(given_as, encoded=encoded)


@unhurried
@given(entries())
@example([entry(Vehicle(id='27" "a,b\\', color='"', images=()), ())])
def test_google__reads_back_what_was_written(made: list[SitemapVehicle]) -> None:
    check(ExportFormat.GOOGLE, made)


@unhurried
@given(entries())
@example([entry(Vehicle(id='27" "a,b\\', color='"', images=()), ())])
def test_meta__reads_back_what_was_written(made: list[SitemapVehicle]) -> None:
    check(ExportFormat.META, made)


@unhurried
@given(entries(), st.sampled_from([ExportFormat.GOOGLE, ExportFormat.META]))
def test_no_cell_runs_in_a_spreadsheet(made: list[SitemapVehicle], form: ExportFormat) -> None:
    stream = io.StringIO(newline="")
    find_writer(form)(stream, "acme", made)
    stream.seek(0)
    separator = "\t" if form is ExportFormat.GOOGLE else ","
    for cell in (cell for row in csv.reader(stream, delimiter=separator) for cell in row):
        is_number = re.fullmatch(r"[+-]?\d+([.,]\d+)?", cell)
        assert is_number or not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n")), cell


@unhurried
@given(texts.filter(lambda text: re.fullmatch(r"[\w ()./-]{1,40}", text) is not None))
@example("Brilliant Red Metallic")
@example("\u05d0\u05d3\u05d5\u05dd \U0001f697")
def test_ordinary_wording_of_a_color_always_comes_back(words: str) -> None:
    """Else the tests above would hold for a writer that drops every colour."""
    color = words.strip(" -.")
    color = "Red" if is_nothing(color) else color
    vehicle = Vehicle(id="a", color=color, images=("https://cdn.example/1",))
    made = [entry(vehicle, [(ImageType.DEALER, Color.RED)])]
    for form in (ExportFormat.GOOGLE, ExportFormat.META):
        (read,), _left_out = write_and_read(form, made)
        assert read.color == color
