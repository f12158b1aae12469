"""Dockerfile and compose.yaml against the settings, the commands and the package."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml
from prometheus_client import Counter, Histogram

from forecourt.cli import app
from forecourt.core.settings import Settings, _variables
from forecourt.jobs.metrics import Metrics
from forecourt.store.engine import create_engine, migrate
from forecourt.web.serve import _DRAIN_S

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
OURS = {name: one for name, one in COMPOSE["services"].items() if one["image"] == "forecourt"}
KNOWN = set(_variables(Settings))


def instructions(name: str) -> list[str]:
    lines = re.sub(r"\\\n", " ", DOCKERFILE).splitlines()
    return [line.partition(" ")[2].strip() for line in lines if line.startswith(f"{name} ")]


def assigned() -> dict[str, str]:
    """What the last stage sets."""
    return dict(re.findall(r"(\w+)=(\S+)", instructions("ENV")[-1]))


def check_command(words: list[str]) -> None:
    command: Any = typer.main.get_command(app)
    command = command.commands[words[0]]
    options = {name for one in command.params for name in one.opts}
    assert {word for word in words[1:] if word.startswith("--")} <= options


def section(heading: str) -> str:
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    return text.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def test_metrics_are_documented_with_their_labels() -> None:
    rows = re.findall(r"^\| `(forecourt_\w+)` \| (.*?) ?\|", section("Metrics"), re.MULTILINE)
    engine = create_engine("sqlite://")
    migrate(engine)
    metrics = Metrics()
    metrics.watch_queue(engine)
    told = {
        one.name + ("_total" if one.type == "counter" else "") for one in metrics.registry.collect()
    }
    assert {name for name, _labels in rows} == told
    labels = {name: tuple(re.findall(r"`(\w+)`", cell)) for name, cell in rows}
    for one in (one for one in vars(metrics).values() if isinstance(one, Counter | Histogram)):
        name = one._name + ("_total" if isinstance(one, Counter) else "")
        assert labels[name] == one._labelnames


def test_services_are_a_database_a_server_and_two_workers() -> None:
    assert set(COMPOSE["services"]) == {"database", "server", "worker"}
    assert OURS["worker"]["deploy"]["replicas"] == 2
    assert OURS["server"]["command"] == ["serve"]


@pytest.mark.parametrize("name", OURS)
def test_variables_of_services_are_settings(name: str) -> None:
    assert set(OURS[name]["environment"]) <= KNOWN


@pytest.mark.parametrize("name", OURS)
def test_commands_of_services_exist(name: str) -> None:
    check_command(OURS[name]["command"])


@pytest.mark.parametrize("name", OURS)
def test_services_share_the_home_folder_of_the_image(name: str) -> None:
    assert [volume.split(":") for volume in OURS[name]["volumes"]] == [
        ["home", assigned()["FORECOURT_HOME"]]
    ]
    assert "home" in COMPOSE["volumes"]


def test_the_database_is_the_one_that_is_asked_for() -> None:
    database = COMPOSE["services"]["database"]
    given = database["environment"]
    password = given["POSTGRES_PASSWORD"]
    url = f"postgresql://{given['POSTGRES_USER']}:{password}@database/{given['POSTGRES_DB']}"
    assert all(one["environment"]["FORECOURT_DATABASE"] == url for one in OURS.values())
    assert password.startswith("${")  # no password stands in the file
    assert all("service_healthy" in str(one["depends_on"]) for one in OURS.values())


def test_processes_may_drain() -> None:
    assert all(int(one["stop_grace_period"].rstrip("s")) > _DRAIN_S for one in OURS.values())


def test_variables_of_the_image_are_settings() -> None:
    ours = {name for name in assigned() if name.startswith("FORECOURT_")}
    assert ours == {"FORECOURT_HOME", "FORECOURT_SERVE__HOST"}
    assert ours <= KNOWN


def test_the_image_runs_a_command_and_no_root() -> None:
    assert instructions("ENTRYPOINT") == ['["forecourt", "--json-logs"]']
    check_command(yaml.safe_load(instructions("CMD")[-1]))
    assert instructions("USER") == ["10001:10001"]


def test_the_last_stage_installs_nothing() -> None:
    last = DOCKERFILE.split("\nFROM ")[-1]
    assert not re.search(r"\b(pip|apt|apt-get|gcc|torch)\b", last)


def test_extras_that_are_installed_exist_and_bring_no_torch() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (extras,) = re.findall(r'"\.\[([\w,]+)\]"', DOCKERFILE)
    optional = project["optional-dependencies"]
    wanted = [
        *project["dependencies"],
        *(one for name in extras.split(",") for one in optional[name]),
    ]
    assert not any(one.startswith("torch") for one in wanted)


def test_what_is_copied_is_let_through_and_there() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    let_through = {line.removeprefix("!") for line in ignored if line.startswith("!")}
    words = [
        word for line in instructions("COPY") if "--from" not in line for word in line.split()[:-1]
    ]
    assert {word.removeprefix("./") for word in words} == let_through
    assert all((ROOT / name).exists() for name in let_through)


def test_the_python_is_one_that_is_supported() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    least = tuple(map(int, project["requires-python"].removeprefix(">=").split(".")))
    images = re.findall(r"^FROM python:(\d+)\.(\d+)-slim", DOCKERFILE, re.MULTILINE)
    assert len(images) == 2
    assert all(tuple(map(int, image)) >= least for image in images)
