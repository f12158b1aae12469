"""The script `forecourt`, and `python -m forecourt`.

Importing the command line takes half a second, and Ctrl-C must be no traceback then either: nothing
may be imported here that takes time.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line."""
    try:
        from forecourt.cli import main as run_command_line  # noqa: PLC0415

        run_command_line()
    except KeyboardInterrupt:
        sys.stderr.write("Stopped.\n")
        sys.exit(130)


if __name__ == "__main__":
    main()
