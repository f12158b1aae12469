"""Run benchmarks: `python -m benchmarks` runs all of them, `python -m benchmarks NAME...` some.

Each runs in a process of its own, so that none measures what another left in memory. See README.md.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

NAMES = (
    "rerun",
    "known_images",
    "every_file",
    "feed_memory",
    "fixes_hold",
    "visual_lookup",
    "many_fixes",
    "review_queue",
    "monitor_run",
    "cached_path",
    "workers",
    "panel_page",
    "panel_pace",
    "cost",
    "hard_set",
    "label_errors",
    "thumbnails",
)
BY_NAME_ONLY = ("chains", "loop", "decay", "kills")  # three train networks, all take long


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"of {', '.join((*NAMES, *BY_NAME_ONLY))}"
    )
    names = parser.parse_args().names or NAMES
    known = (*NAMES, *BY_NAME_ONLY)
    unknown = sorted(set(names) - set(known))
    if unknown:
        parser.error(f"no benchmark is called {', '.join(unknown)}; there are {', '.join(known)}")
    missed = []
    for name in names:
        print(f"\n== {name} ==", flush=True)
        command = [sys.executable, "-m", f"benchmarks.{name}"]
        if subprocess.run(command, check=False, cwd=Path(__file__).parents[1]).returncode:  # noqa: S603
            missed.append(name)
    if missed:
        print(f"\nMissed or failed: {', '.join(missed)}")
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main())
