"""Commands, options and variables that documents name, against the code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

import typer.main

from forecourt.cli import app
from forecourt.core.settings import Settings, _variables
from tests.support.documents import ROOT, blocks, markdown_files, name_of


def shell_lines() -> Iterator[tuple[str, list[str]]]:
    """Every command line of every shell block, without prompts, comments and assignments."""
    for path in markdown_files():
        for block in blocks(path, "sh"):
            for line in block.replace("\\\n", " ").splitlines():
                words = line.partition(" #")[0].split()
                while words and re.fullmatch(r"[A-Z_]+=\S+|\$|export", words[0]):
                    words = words[1:]
                if words:
                    yield f"{name_of(path)}: {line}", words


def test_documented_commands_and_options_exist() -> None:
    group: Any = typer.main.get_command(app)
    seen = set()
    for where, words in shell_lines():
        if words[0] != "forecourt":
            continue
        names = [word for word in words[1:] if not word.startswith("-")]
        command, depth = group, 0
        while inner := getattr(command, "commands", None):
            assert names[depth] in inner, where
            command = inner[names[depth]]
            depth += 1
        seen.add(" ".join(names[:depth]))
        options = {name for one in command.params for name in one.opts}
        general = {"--help", *(name for one in group.params for name in one.opts)}
        given = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
        assert given <= options | general, where
    assert set(name_commands(group)) == seen, "every command stands in some shell block"


def name_commands(group: Any, before: str = "") -> Iterator[str]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from name_commands(command, f"{before}{name} ")
        else:
            yield before + name


def test_documented_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^(\w+):", makefile, re.MULTILINE))
    asked = {word for _where, words in shell_lines() if words[0] == "make" for word in words[1:]}
    assert {"demo", "test"} <= asked <= targets


def test_documented_training_options_exist() -> None:
    source = (ROOT / "src/forecourt/train/__main__.py").read_text(encoding="utf-8")
    given = {
        word
        for _where, words in shell_lines()
        if words[1:3] == ["-m", "forecourt.train"]
        for word in words[3:]
        if word.startswith("--")
    }
    constants = {n.value for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Constant)}
    assert given
    assert given <= constants


def test_variables_in_documents_are_settings() -> None:
    known = {"FORECOURT_DATA", "FORECOURT_WEIGHTS", *_variables(Settings)}
    for path in markdown_files():
        used = set(re.findall(r"FORECOURT_[A-Z_]*[A-Z]", path.read_text(encoding="utf-8")))
        assert used <= known, name_of(path)
