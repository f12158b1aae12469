"""Memory while a long feed is read: it must not grow with the number of rows.

Feeds of 2,000, 20,000 and 200,000 vehicles are written in every format, one of them gzipped UTF-16.
Each is read in a process of its own, which has read a feed of one vehicle before. Peak: the highest
resident memory. Growth: how far it rises above what the process held before. What grows with the
rows is the table of the ids that came before, 30 bytes a vehicle at most. Linux only.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import TextIOWrapper
from multiprocessing import get_context
from pathlib import Path
from typing import TextIO

from forecourt.core.records import Vehicle
from forecourt.feeds.read import read_feed

_SIZES = (2_000, 20_000, 200_000)
_IMAGES = 8
_MOST_TIMES = 1.3  # what the peak may be, of the longest feed against the shortest
_MOST_BYTES = 40  # of growth for each row more


@dataclass(frozen=True)
class Reading:
    """What reading one feed cost."""

    rows: int
    size: int
    cpu_seconds: float
    peak: int
    growth: int


def vin(number: int) -> str:
    return f"1HGCM{number:012d}"


def urls(number: int) -> list[str]:
    return [f"https://img.example.com/v/{number}/{place}.jpg" for place in range(_IMAGES)]


def scrape_json(rows: int) -> Iterator[str]:
    yield '{"advertiser": "acme", "scraped_at": "2026-11-23T06:00:00Z", "vehicles": [\n'
    for number in range(rows):
        vehicle = {
            "id": f"S{number}", "vin": vin(number), "title": "2003 Honda Accord EX",
            "condition": "Used", "body_type": "sedan", "color": "Brilliant Red Metallic",
            "url": f"https://www.example.com/{number}", "images": urls(number),
        }  # fmt: skip
        yield json.dumps(vehicle) + (",\n" if number < rows - 1 else "]}\n")


def google_ads(rows: int) -> Iterator[str]:
    yield "id\tvin\tstore_code\tbrand\tmodel\tyear\tcondition\tcolor\timage_link\t"
    yield "additional_image_link\tlink_template\n"
    for number in range(rows):
        first, *more = urls(number)
        yield f"S{number}\t{vin(number)}\tA\tHonda\tAccord\t2003\tUsed\tBrilliant Red\t{first}\t"
        yield f"{','.join(more)}\thttps://www.example.com/{number}?s={{store_code}}\n"


def google_listings(rows: int) -> Iterator[str]:
    yield "vin,id,store_code,place_id,image_link" + ",additional_image_link" * (_IMAGES - 1)
    yield ",link,condition,certified_pre_owned,make,model,year,exterior_color\n"
    for number in range(rows):
        yield f"{vin(number)},S{number},A,ChIJ,{','.join(urls(number))},"
        yield f"https://www.example.com/{number},used,0,Honda,Accord,2003,Brilliant Red\n"


def meta_csv(rows: int) -> Iterator[str]:
    yield "vehicle_id,vin,make,model,year,state_of_vehicle,exterior_color,url,"
    yield ",".join(f"image[{place}].url" for place in range(_IMAGES)) + ",description\n"
    for number in range(rows):
        yield f"S{number},{vin(number)},Honda,Accord,2003,USED,Brilliant Red,"
        yield f"https://www.example.com/{number},{','.join(urls(number))},"
        yield '"One owner, ""as new"".\nService book."\n'


def meta_tsv(rows: int) -> Iterator[str]:
    yield "vehicle_id\tvin\tmake\tmodel\tyear\tstate_of_vehicle\texterior_color\timage\turl\n"
    for number in range(rows):
        images = json.dumps([{"url": url, "tag": ["dealer"]} for url in urls(number)])
        quoted = '"' + images.replace('"', '""') + '"'
        yield f"S{number}\t{vin(number)}\tHonda\tAccord\t2003\tUSED\tBrilliant Red\t{quoted}\t"
        yield f"https://www.example.com/{number}\n"


def meta_xml(rows: int) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?>\n<listings><title>Acme</title>\n'
    for number in range(rows):
        yield f"<listing><vehicle_id>S{number}</vehicle_id><vin>{vin(number)}</vin>"
        yield "<make>Honda</make><model>Accord</model><year>2003</year>"
        yield "<state_of_vehicle>USED</state_of_vehicle>"
        yield "<exterior_color>Brilliant Red</exterior_color>"
        yield from (f"<image><url>{url}</url></image>" for url in urls(number))
        yield f"<url>https://www.example.com/{number}</url></listing>\n"
    yield "</listings>\n"


def dealer_csv(rows: int) -> Iterator[str]:
    yield '"Stock #","VIN","Year","Make","Model","New / Used","Color","VDP","PhotoURLs"\r\n'
    for number in range(rows):
        yield f'"S{number}","{vin(number)}","2003","Honda","Accord","Used","Brilliant Red",'
        yield f'"https://www.example.com/{number}","{"|".join(urls(number))}"\r\n'


FORMATS: dict[str, tuple[Callable[[int], Iterator[str]], str, bool]] = {
    "scrape JSON": (scrape_json, "utf-8", False),
    "Google Vehicle Ads, TSV": (google_ads, "utf-8", False),
    "Google Vehicle Listings, CSV": (google_listings, "utf-8-sig", False),
    "Meta, CSV, image[n].url": (meta_csv, "utf-8", False),
    "Meta, TSV, images as JSON": (meta_tsv, "utf-8", False),
    "Meta, XML": (meta_xml, "utf-8", False),
    "dealer CSV": (dealer_csv, "cp1252", False),
    "dealer CSV, UTF-16, gzip": (dealer_csv, "utf-16", True),
}


def open_new(path: Path, encoding: str, *, is_packed: bool) -> TextIO:
    if is_packed:
        return TextIOWrapper(gzip.open(path, "wb", compresslevel=1), encoding, newline="")
    return path.open("w", encoding=encoding, newline="")


def write(path: Path, name: str, rows: int) -> None:
    make, encoding, is_packed = FORMATS[name]
    with open_new(path, encoding, is_packed=is_packed) as file:
        file.writelines(make(rows))


def memory(name: str) -> int:
    """Return the resident memory (VmRSS) or its peak (VmHWM) of this process in bytes."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise LookupError(name)


def count_vehicles(path: Path) -> int:
    count = 0
    with read_feed(path) as feed:
        for row in feed:
            assert isinstance(row, Vehicle), row
            assert len(row.images) == _IMAGES, row
            count += 1
    return count


def read_once(small: Path, path: Path) -> tuple[int, float, int, int]:
    assert count_vehicles(small) == 1
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak starts anew
    before, started = memory("VmRSS"), time.process_time()
    count = count_vehicles(path)
    seconds = time.process_time() - started
    peak = memory("VmHWM")
    return count, seconds, peak, peak - before


def measure(name: str, rows: int) -> Reading:
    with tempfile.TemporaryDirectory() as scratch, get_context("spawn").Pool(1) as pool:
        small, path = Path(scratch, "small"), Path(scratch, "feed")
        write(small, name, 1)
        write(path, name, rows)
        count, seconds, peak, growth = pool.apply(read_once, (small, path))
        assert count == rows, (count, rows)
        return Reading(rows, path.stat().st_size, seconds, peak, growth)


def judge(readings: list[Reading]) -> str:
    """Say how memory follows the rows; the last word is "fine" or "MISSED"."""
    short, long = readings[0], readings[-1]
    times = long.peak / short.peak
    each = (long.growth - short.growth) / max(long.rows - short.rows, 1)
    verdict = "fine" if times <= _MOST_TIMES and each <= _MOST_BYTES else "MISSED"
    return (
        f"  {long.rows / short.rows:.0f} times the rows: {times:.2f} times the peak, "
        f"{each:.0f} bytes a row more: {verdict}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--rows", type=int, nargs="+", default=_SIZES, help="the bars are made for the default"
    )
    sizes = sorted(parser.parse_args().rows)
    print(f"{'':30}{'rows':>9}{'file MB':>9}{'rows/CPU s':>12}{'peak MB':>9}{'growth MB':>11}")
    missed = False
    for name in FORMATS:
        readings = []
        for rows in sizes:
            one = measure(name, rows)
            readings.append(one)
            print(
                f"{name:30}{one.rows:9,}{one.size / 1e6:9.1f}{one.rows / one.cpu_seconds:12,.0f}"
                f"{one.peak / 1e6:9.1f}{one.growth / 1e6:11.2f}",
                flush=True,
            )
        verdict = judge(readings)
        missed |= verdict.endswith("MISSED")
        print(verdict, flush=True)
    print(f"bar: {_MOST_TIMES} times the peak, {_MOST_BYTES} bytes a row more")
    return missed


if __name__ == "__main__":
    sys.exit(main())
