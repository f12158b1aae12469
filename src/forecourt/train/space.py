"""The search space: one TOML file that people can read (`search_space.toml`)."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any, Self

import optuna
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from forecourt.core.errors import UsageError
from forecourt.train.gallery import GalleryConfig
from forecourt.train.learn import LearnConfig
from forecourt.train.pictures.draw import DrawConfig


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Range(_Table):
    """Where one number is drawn from; `first` is what the first candidate takes."""

    low: float = Field(ge=0, allow_inf_nan=False)
    high: float = Field(allow_inf_nan=False)
    first: float = Field(allow_inf_nan=False)
    log: bool = False

    @model_validator(mode="after")
    def _is_ordered(self) -> Self:
        if not self.low <= self.first <= self.high:
            raise ValueError("needs low <= first <= high")
        if self.log and self.low <= 0:
            raise ValueError("log = true needs low > 0")
        return self

    def suggest(self, trial: optuna.Trial, name: str) -> float:
        """Return what Optuna draws for a candidate; asked again, the same."""
        return trial.suggest_float(name, self.low, self.high, log=self.log)


class Search(_Table):
    """What differs between candidates; the words are those of `LearnConfig`, `GalleryConfig`."""

    rate_blocks: Range
    rate_heads: Range
    weight_decay: Range
    smoothing: Range
    color_share: Range
    drawn_share: Range

    @model_validator(mode="after")
    def _shares_leave_something(self) -> Self:
        if self.color_share.high + self.drawn_share.high > 0.99:
            raise ValueError(
                "color_share and drawn_share together leave nothing for other pictures"
            )
        if self.smoothing.high >= 1:
            raise ValueError("smoothing has to stay under 1")
        return self


class Training(_Table):
    """How long a candidate is trained."""

    epochs: int = Field(ge=1, le=1000)
    steps: int = Field(ge=1, le=100_000)
    batch: int = Field(ge=2, le=4096)
    patience: int = Field(ge=1, le=1000)


class Pictures(_Table):
    """How many views of what are made, in the words of `GalleryConfig` and `DrawConfig`."""

    views: int = Field(ge=1, le=50)
    most_views: int = Field(ge=3, le=50)
    plain_views: int = Field(ge=1, le=50)
    card_views: int = Field(ge=1, le=50)
    cards: float = Field(ge=0, le=10)
    touched: int = Field(ge=0, le=50)
    painted: float = Field(ge=0, le=10)
    painted_others: int = Field(default=0, ge=0, le=50)  # not in files that were copied before
    worn_stock: int = Field(ge=0, le=50)
    sketches: float = Field(ge=0, le=10)


class Choice(_Table):
    """What makes a candidate better than another."""

    placeholder_recall: float = Field(ge=0, le=1)


class Space(_Table):
    """The whole file."""

    search: Search
    training: Training
    pictures: Pictures
    choice: Choice

    def first(self) -> dict[str, float]:
        """Return the numbers of the first candidate."""
        return {name: getattr(self.search, name).first for name in type(self.search).model_fields}

    def draw(self, trial: optuna.Trial) -> dict[str, float]:
        """Return the numbers of a candidate."""
        search = self.search
        return {
            name: getattr(search, name).suggest(trial, name) for name in type(search).model_fields
        }

    def gallery(self, *, seed: int, numbers: dict[str, float] | None = None) -> GalleryConfig:
        """Return which views are made, and how often a candidate of these numbers sees each."""
        told = self.pictures
        numbers = numbers or self.first()
        drawing = DrawConfig(
            cards=told.cards,
            touched=told.touched,
            painted=told.painted,
            painted_others=told.painted_others,
            worn_stock=told.worn_stock,
            sketches=told.sketches,
            seed=seed,
        )
        return GalleryConfig(
            views=told.views,
            most_views=told.most_views,
            plain_views=told.plain_views,
            card_views=told.card_views,
            color_share=numbers["color_share"],
            drawn_share=numbers["drawn_share"],
            seed=seed,
            drawing=drawing,
        )

    def learning(self, numbers: dict[str, float], *, seed: int) -> LearnConfig:
        """Return how a candidate with these numbers is trained."""
        return LearnConfig(
            steps=self.training.epochs * self.training.steps,
            batch=self.training.batch,
            rate_blocks=numbers["rate_blocks"],
            rate_heads=numbers["rate_heads"],
            weight_decay=numbers["weight_decay"],
            smoothing=numbers["smoothing"],
            seed=seed,
        )


def read_space(path: Path | None = None) -> Space:
    """Read a search space; None: the one that is shipped with the package.

    Raises:
        UsageError: it cannot be read, or a number of it makes no sense.
    """
    source = path or Path(str(files("forecourt.train") / "search_space.toml"))
    try:
        told: Any = tomllib.loads(source.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{source} is no search space: {error}. See docs/training.md.") from error
    try:
        return Space.model_validate(told)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise UsageError(f"{source}: {where}: {first['msg']}.") from error
