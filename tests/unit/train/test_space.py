from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

optuna = pytest.importorskip("optuna", reason="needs the extra 'train'")
pytest.importorskip("torch", reason="needs the extra 'train'")

from forecourt.core.errors import UsageError  # noqa: E402
from forecourt.train.space import read_space  # noqa: E402

pytestmark = pytest.mark.torch

SHIPPED = (files("forecourt.train") / "search_space.toml").read_text(encoding="utf-8")


def test_a_candidate_is_drawn_from_the_ranges_of_the_file() -> None:
    space = read_space()
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    for _ in range(20):
        numbers = space.draw(study.ask())
        for name, value in numbers.items():
            one = getattr(space.search, name)
            assert one.low <= value <= one.high
    learn = space.learning(numbers, seed=3)
    assert learn.rate_heads == numbers["rate_heads"]
    assert learn.steps == space.training.epochs * space.training.steps
    assert space.gallery(seed=3, numbers=numbers).color_share == numbers["color_share"]


def test_all_numbers_of_the_pictures_count() -> None:
    space = read_space()
    gallery = space.gallery(seed=3)
    for name, value in space.pictures.model_dump().items():
        holder = gallery if hasattr(gallery, name) else gallery.drawing
        assert getattr(holder, name) == value, name
    assert space.pictures.painted_others > 0


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("low = 3e-5", "low = 3e-3", "search.rate_blocks: Value error, needs low <= first"),
        ("epochs = 8", "epochs = 0", "training.epochs: Input should be greater"),
        ("epochs = 8", "epoch = 8", "training.epochs: Field required"),
        ("high = 0.6, first = 0.5", "high = 0.9, first = 0.5", "leave nothing"),
        ("low = 3e-5", "low = 0", "log = true needs low > 0"),
        ("placeholder_recall = 0.95", "placeholder_recall = 95", "choice.placeholder_recall"),
        ("[training]", "[training", "is no search space"),
    ],
)
def test_a_number_that_makes_no_sense_is_named(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    path = tmp_path / "space.toml"
    assert old in SHIPPED
    path.write_text(SHIPPED.replace(old, new))
    with pytest.raises(UsageError) as caught:
        read_space(path)
    assert told in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"gone\.toml is no search space"):
        read_space(tmp_path / "gone.toml")
