"""docs/fixes.md against the code: files, names of columns, JSON."""

from __future__ import annotations

import re
from dataclasses import fields

from forecourt.cli.history import summary_to_json
from forecourt.core.fixes import FixField
from forecourt.core.oddities import Example, Oddity, OddityKind
from forecourt.feeds.fix_table import ALIASES
from forecourt.review.forms import misclassified_to_json, oddity_to_json
from forecourt.review.history_files import HISTORY_COLUMNS
from forecourt.review.importing import Imported, ImportNote
from forecourt.review.misclassified import Misclassified
from tests.support.documents import API, ROOT, listed, section

DOC = ROOT / "docs" / "fixes.md"


def test_columns_of_a_history_file_are_documented() -> None:
    assert listed(DOC, "History file") == list(HISTORY_COLUMNS)


def test_names_of_columns_are_documented() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| .* \| ([^|]*) \|$", section(DOC, "Tables of other systems"), re.MULTILINE
    )
    documented = {name: re.findall(r"`(\w+)`", others) for name, others in rows}
    assert documented == {
        name: [alias for alias in aliases if alias != name] for name, aliases in ALIASES.items()
    }


def test_summary_of_an_import_is_documented() -> None:
    summary = summary_to_json(Imported(), [])
    assert listed(DOC, "import-fixes --json") == list(summary)
    text = section(DOC, "import-fixes --json")
    (row,) = re.findall(r"^\| `notes` .*$", text, re.MULTILINE)
    assert re.findall(r"`(\w+)`", row)[1:] == [one.name for one in fields(ImportNote)]
    (row,) = re.findall(r"^\| `matched` .*$", text, re.MULTILINE)
    assert re.findall(r"`(\w+)`", row)[1:] == list(summary["matched"])


def test_oddities_are_documented() -> None:
    oddity = Oddity(
        kind=OddityKind.SKIPPED_RUN, advertiser=None, host=None, count=0, of=None, seen=""
    )
    assert listed(API, "oddities --json") == list(oddity_to_json(oddity))
    (row,) = re.findall(r"^\| `examples` .*$", section(API, "oddities --json"), re.MULTILINE)
    assert re.findall(r"`(\w+)`", row)[1:] == [one.name for one in fields(Example)]
    assert listed(API, "Oddity kinds") == [kind.value for kind in OddityKind]


def test_misclassified_is_documented() -> None:
    one = Misclassified(
        group=None,
        field=FixField.COLOR,
        value_from=None,
        value=None,
        wrong=0,
        images=None,
        share=None,
    )
    assert listed(API, "misclassified --json") == list(misclassified_to_json(one))
