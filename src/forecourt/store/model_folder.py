"""The folders of registered models: each is put in its place whole, or not at all."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from forecourt.core.errors import StoreError


class ModelFolder:
    """A folder with one sub-folder a model."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def path(self, name: str) -> Path:
        """Return where a model stands, whether it is there or not."""
        return self._root / name

    def put(
        self, name: str, source: Path, files: Iterable[str], *, check: Callable[[Path], None]
    ) -> None:
        """Copy files of `source` aside, check the copy, and move it into its place.

        What stood there before is removed. A process that dies leaves a draft at most, which the
        next one overwrites; only one at a time may put a name (`registry.lock_registry`).

        Args:
            name: Of the sub-folder.
            source: A folder.
            files: Names of the files to copy; those that `source` lacks are left out.
            check: Called with the copy; what it raises leaves everything as it was.

        Raises:
            StoreError: the folder cannot be written, or is full.
        """
        draft, old = self._root / f".draft-{name}", self._root / f".old-{name}"
        try:
            _remove(draft, old)
            _copy(source, draft, files)
            check(draft)
            if self.path(name).exists():
                self.path(name).rename(old)
            draft.rename(self.path(name))
            _sync(self._root)
            _sync(self._root.parent)
            _remove(old)
        except OSError as error:
            raise StoreError(
                f"Cannot keep the model in {self.path(name)}: {error.strerror}. Let FORECOURT_HOME "
                "name a folder that can be written, and make room there."
            ) from error
        finally:
            shutil.rmtree(draft, ignore_errors=True)


def _remove(*paths: Path) -> None:
    for path in paths:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _copy(source: Path, draft: Path, files: Iterable[str]) -> None:
    draft.mkdir(parents=True)
    for name in files:
        if (source / name).exists():
            shutil.copyfile(source / name, draft / name)
            _sync(draft / name)
    _sync(draft)


def _sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, would survive a power cut."""
    if sys.platform == "win32":  # folders cannot be opened there, nor files synced by a reader
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
