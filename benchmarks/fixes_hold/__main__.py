"""How many fixes hold when a CDN changes, and to how many other pictures one travels by mistake.

1,000 images are fixed, then URLs, headers or encodings change; 20,000 other pictures are offered.

Everything goes through the real thing: a local image host, the fetcher, the model, the store. The
vehicles have no VIN. Trials stand on vehicles that no earlier scrape knew, so nothing but the looks
of a picture protects it. Pictures of fixes that were lost or went astray are written to a page.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from benchmarks.fixes_hold.behaviours import BEHAVIOURS, Behaviour, encode, original
from benchmarks.fixes_hold.pictures import Picture, Trial, load_pictures, make_trials
from benchmarks.fixes_hold.sheet import Case, write_sheet
from benchmarks.fixes_hold.yard import open_yard
from tests.support.image_host import ImageHost

_HOLD = 0.99
_BATCH = 2_000
LAST_DAY = 3


@dataclass
class Row:
    """What became of the fixes under one behaviour."""

    behaviour: Behaviour
    fixed: int = 0
    types_held: int = 0
    colors_held: int = 0
    astray: int = 0
    cases: list[Case] = field(default_factory=list)

    @property
    def share(self) -> float:
        """Share of all fixes that hold."""
        return (self.types_held + self.colors_held) / (2 * self.fixed)


class Visit:
    """One CDN with its pictures: how it names and serves them on three days."""

    def __init__(self, behaviour: Behaviour, pictures: list[Picture], host: ImageHost) -> None:
        self._behaviour = behaviour
        self._pictures = pictures
        self._host = host

    def urls(self, day: int) -> list[str]:
        """Return the URL of each picture."""
        moved = f"day-{day}/" if self._behaviour.moves else ""
        signed = "?X-Amz-Date={0}&X-Amz-Signature={0}{1}" if self._behaviour.signs else ""
        return [
            self._host.url(f"/{moved}{picture.name}.jpg{signed.format(day, number)}")
            for number, picture in enumerate(self._pictures)
        ]

    def shown(self, number: int, day: int) -> int:
        """Return which picture stands at a place."""
        is_swapped = self._behaviour.swaps and day == LAST_DAY and number % 2
        return (number + 2) % len(self._pictures) if is_swapped else number

    def serve(self, day: int) -> None:
        """Let the host answer as on this day."""
        is_last = day == LAST_DAY
        make = self._behaviour.change if is_last else original
        headers = self._behaviour.first
        if is_last and self._behaviour.then is not None:
            headers = self._behaviour.then
        for number, url in enumerate(self.urls(day)):
            path = url.removeprefix(self._host.base).partition("?")[0]
            self._host.put(path, make(self._pictures[self.shown(number, day)].image), **headers)


def visit(behaviour: Behaviour, pictures: list[Picture]) -> Row:
    """Scrape, fix everything, scrape again, let the CDN change, scrape a last time."""
    row = Row(behaviour)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        cdn = Visit(behaviour, pictures, stack.enter_context(ImageHost()))
        yard = stack.enter_context(open_yard(folder))
        cdn.serve(1)
        yard.scrape(cdn.urls(1))
        fixed = yard.fix_all()
        wanted = [fixed[url] for url in cdn.urls(1)]
        yard.scrape(cdn.urls(2) if not behaviour.moves else cdn.urls(1))
        cdn.serve(LAST_DAY)
        yard.scrape(cdn.urls(LAST_DAY))
        images = yard.images()
    for number, image in enumerate(images):
        expected = wanted[cdn.shown(number, LAST_DAY)]
        tags = (image["image_type"], image["color"])
        held = [
            tag["source"] == "fix" and tag["value"] == value
            for tag, value in zip(tags, expected, strict=True)
        ]
        if cdn.shown(number, LAST_DAY) != number:
            # Another picture, itself fixed: it has to show its own fix and no other.
            row.astray += not all(held)
            continue
        row.fixed += 1
        row.types_held += held[0]
        row.colors_held += held[1]
        if not all(held):
            picture = pictures[number].image
            words = f"{behaviour.name}: {'colour' if held[0] else 'type and colour'} lost"
            row.cases.append(Case(words, original(picture), behaviour.change(picture)))
    return row


def go_astray(
    pictures: list[Picture], trials: Iterator[Trial]
) -> tuple[Counter[str], Counter[str], list[Case]]:
    """Offer other pictures to an inventory in which everything was fixed."""
    tried: Counter[str] = Counter()
    astray: Counter[str] = Counter()
    cases = []
    names = {picture.name: picture for picture in pictures}
    with (
        tempfile.TemporaryDirectory() as scratch,
        ImageHost() as host,
        open_yard(Path(scratch)) as yard,
    ):
        yard.scrape([host.put(f"/{one.name}.jpg", original(one.image)) for one in pictures])
        yard.fix_all()
        while batch := list(islice(trials, _BATCH)):
            start = tried.total()
            urls = []
            for number, trial in enumerate(batch):
                tried[trial.family.partition(":")[0]] += 1
                data = encode(trial.image, quality=88)
                urls.append(host.put(f"/trial-{start + number}.jpg", data))
            yard.scrape(urls, prefix=f"trial-{start}")
            for url, source, bits, units in yard.carried():
                carried = batch[urls.index(url)] if url in urls else None
                if carried is not None:
                    astray[carried.family.partition(":")[0]] += 1
                    name = Path(source).stem
                    words = f"{carried.family}: {bits} bits, {units:.1f} units"
                    cases.append(
                        Case(words, original(names[name].image), encode(carried.image, quality=88))
                    )
            host.resources.clear()
            print(f"{tried.total()} trials, {astray.total()} astray", file=sys.stderr, flush=True)
    return tried, astray, cases


def report_held(rows: list[Row]) -> bool:
    print(f"{'behaviour':44}{'images':>8}{'type':>9}{'colour':>9}{'both':>9}{'astray':>8}")
    for row in rows:
        print(
            f"{row.behaviour.name:44}{row.fixed:8}{row.types_held / row.fixed:9.1%}"
            f"{row.colors_held / row.fixed:9.1%}{row.share:9.1%}{row.astray:8}",
            flush=True,
        )
    return all(row.share >= _HOLD and not row.astray for row in rows)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fixes_hold", description=__doc__)
    parser.add_argument("--images", type=int, default=1_000)
    parser.add_argument("--trials", type=int, default=20_000)
    parser.add_argument("--only", default="", help="behaviours with this in their name")
    parser.add_argument("--out", type=Path, default=Path("build/fixes-hold.html"))
    given = parser.parse_args()
    data = os.environ.get("FORECOURT_DATA")
    if not data:
        print("SKIPPED: fixes_hold needs the pictures of the folder that FORECOURT_DATA names.")
        return 0
    fixed, neighbours = load_pictures(Path(data), given.images)
    rows = []
    for behaviour in BEHAVIOURS:
        if given.only in behaviour.name:
            rows.append(visit(behaviour, fixed))
            print(f"{behaviour.name}: {rows[-1].share:.2%}", file=sys.stderr, flush=True)
    is_good = report_held(rows)
    cases = [case for row in rows for case in row.cases]
    tried, astray, wrong = go_astray(fixed, make_trials(fixed, neighbours, given.trials))
    print(f"\n{'other pictures':44}{'trials':>8}{'fix carried':>13}")
    for family, count in tried.items():
        print(f"{family:44}{count:8}{astray[family]:13}")
    print(f"{'all':44}{tried.total():8}{astray.total():13}")
    if cases or wrong:
        write_sheet(given.out, wrong + cases)
        print(f"\nPictures of what was lost or went astray: {given.out}")
    return int(not is_good or bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
