"""The layer contracts hold, and each of them can fail."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")

# What each contract must refuse: contract, module, import.
BAD_IMPORTS = [
    ("layers", "core/labels.py", "import forecourt.store.schema"),  # upward
    ("layers", "store/media.py", "import forecourt.sitemap"),  # upward
    ("layers", "sitemap/entries.py", "import forecourt.cli"),  # upward
    ("layers", "identity/keys.py", "from forecourt.fetch import client"),  # engine to engine
    ("layers", "vision/decide.py", "from forecourt.store import media"),  # engine to engine
    ("layers", "sitemap/entries.py", "import forecourt.tagging"),  # stage to stage
    ("layers", "utils.py", ""),  # a module that has no layer
    ("core-is-pure", "core/labels.py", "import sqlalchemy"),
    ("core-is-pure", "core/labels.py", "def late():\n    import PIL"),
    ("torch-home", "vision/predict.py", "import torch"),
    ("sql-home", "identity/keys.py", "import sqlalchemy"),
    ("http-home", "store/media.py", "import aiohttp"),
    ("client-is-alone", "client/scrapes.py", "from forecourt.store import scrapes"),
    ("onnx-home", "fetch/facts.py", "from PIL import Image"),
]


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources, for imports that must never be."""
    root = tmp_path_factory.mktemp("layers")
    shutil.copytree(ROOT / "src", root / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", root)
    return root


def lint(root: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603
        [str(LINT_IMPORTS), *options],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root / "src")},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_contracts_hold() -> None:
    result = lint(ROOT, "--no-cache")
    assert result.returncode == 0, result.stdout
    assert " 0 broken" in result.stdout


def test_contracts_hold__in_the_copy(copied: Path) -> None:
    """Else what follows would prove nothing."""
    assert lint(copied).returncode == 0


def test_every_contract_has_a_bad_import() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contracts = {one["id"] for one in settings["tool"]["importlinter"]["contracts"]}
    assert contracts == {contract for contract, _module, _line in BAD_IMPORTS}


@pytest.mark.parametrize(("contract", "module", "line"), BAD_IMPORTS)
def test_a_bad_import_breaks_its_contract(
    copied: Path, contract: str, module: str, line: str
) -> None:
    path = copied / "src" / "forecourt" / module
    before = path.read_text() if path.exists() else None
    path.write_text(f"{before or ''}\n\n{line}\n")
    try:
        result = lint(copied, "--contract", contract)
    finally:
        path.unlink() if before is None else path.write_text(before)
    assert result.returncode == 1, result.stdout + result.stderr
    assert " 1 broken" in result.stdout
    assert Path(module).stem in result.stdout
