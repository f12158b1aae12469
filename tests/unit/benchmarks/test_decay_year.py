"""A year of two months on noise: all three ways learn, and each keeps its own rules."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra 'train'")
pytest.importorskip("cleanlab", reason="needs the extra 'curate'")

from benchmarks.decay.calendar import Dated, Role  # noqa: E402
from benchmarks.decay.ends import Ends, describe_views  # noqa: E402
from benchmarks.decay.people import Fix, People, Told, fix_month  # noqa: E402
from benchmarks.decay.pool import Pool, make_picture, penultimate  # noqa: E402
from benchmarks.decay.teach import Schooling, ask, find_made, label_views  # noqa: E402
from benchmarks.decay.ways import Classic, Nothing, Ours  # noqa: E402
from benchmarks.decay.year import replay  # noqa: E402
from forecourt.core.dataset import Split  # noqa: E402
from forecourt.core.labels import COLORS, IMAGE_TYPES, Color, ImageType  # noqa: E402
from forecourt.core.records import VisualKey  # noqa: E402
from forecourt.core.samples import Sample  # noqa: E402
from forecourt.dataset.compose import Knowledge, compose  # noqa: E402
from forecourt.train.eyes import FINE, GRID, TYPE_FEATURES  # noqa: E402
from forecourt.train.gallery import DRAWN, PAINTED, REAL  # noqa: E402
from forecourt.train.space import read_space  # noqa: E402
from forecourt.train.targets import PLACEHOLDER, UNKNOWN, read_targets  # noqa: E402
from forecourt.train.views import Views  # noqa: E402
from tests.support.lessons import noisy_network, noisy_views  # noqa: E402

pytestmark = pytest.mark.torch

EACH = 24  # pictures of a role


def dated(number: int, role: Role, month: int) -> Dated:
    image_type = IMAGE_TYPES[number % 3]
    is_card = image_type is ImageType.PLACEHOLDER
    sample = Sample(
        file=f"{role}/{number}.jpg",
        split="train",
        image_type=image_type,
        color=None if is_card else COLORS[number % 4],
        advertiser=f"{role}#{number // 2}",
        group=f"{role}/{number}",
        kind="" if is_card else "van" if number % 5 == 0 else "car",
        view="" if is_card else "exterior",
        is_render=False,
    )
    return Dated(sample=sample, role=role, source=str(role), month=month)


def looks(file: str) -> VisualKey:
    digest = hashlib.sha256(file.encode()).digest()
    return VisualKey(digest, digest * 6)


def seen_noise(count: int, seed: int) -> Views:
    """Return noise of the shapes of `describe_views`."""
    rng = np.random.default_rng(seed)

    def draw(*shape: int) -> np.ndarray:
        return rng.random((count, *shape)).astype(np.float16)

    return Views(draw(96, GRID, GRID), draw(3, FINE, FINE), draw(TYPE_FEATURES), draw(GRID, GRID))


@pytest.fixture
def pool() -> Pool:
    pictures = [dated(number, Role.START, 0) for number in range(EACH)]
    pictures += [dated(number, Role.ARRIVES, 1 + number % 2) for number in range(EACH)]
    pictures += [dated(number, Role.JUDGES, 1) for number in range(EACH)]
    samples = [one.sample for one in pictures]
    targets = read_targets(samples, np.ones(len(samples), np.int64))
    eyes = noisy_network()
    plain, views = seen_noise(len(samples), seed=0), seen_noise(2 * EACH, seed=1)
    offered = [
        make_picture(one.sample, hashlib.sha256(one.sample.file.encode()).hexdigest(),
                     looks(one.sample.file))
        for one in pictures
    ]  # fmt: skip
    source = np.arange(2 * EACH)
    ends = Ends(eyes).eval()
    return Pool(
        dated=pictures,
        pictures=offered,
        targets=targets,
        views=views,
        drawn=targets.take(source),
        source=source,
        origin=np.full(2 * EACH, REAL),
        plain=plain,
        features=penultimate(ends, plain),
        eyes=ends,
        start=compose("start", [], offered[:EACH], Knowledge()),
    )


def schooling() -> Schooling:
    space = read_space()
    training = space.training.model_copy(update={"epochs": 1, "steps": 2, "batch": 4})
    return Schooling(space=space.model_copy(update={"training": training}), candidates=1, seed=1)


def test_ends_answer_as_the_whole_network_does(tmp_path: Path) -> None:
    eyes, views = noisy_network(), noisy_views(5)
    with torch.no_grad():
        whole = eyes.answer(*views.batch(np.arange(5)))
        seen = describe_views(tmp_path / "seen", eyes, [views])
        ends = Ends(eyes).eval().answer(*seen.batch(np.arange(5)))
    for name, one, other in zip(whole._fields, whole, ends, strict=True):
        assert torch.allclose(one, other, atol=0.02), name


def test_a_year_is_replayed_by_all_three_ways(pool: Pool) -> None:
    people = People(rate=1.0, looks=3, rests=2)
    ways = [Nothing(pool), Classic(pool, schooling()), Ours(pool, schooling(), people)]
    lines: list[str] = []
    told = replay(pool, ways, people, 2, say=lines.append)
    assert {name: [len(month) for month in months] for name, months in told.items()} == {
        name: [EACH] * 3 for name in ("nothing", "classic", "ours")
    }
    assert told["nothing"][0] == told["nothing"][2]
    assert told["classic"][0] != told["classic"][2]
    assert len(lines) == 6


def test_views_of_what_arrived_say_what_their_labels_say(pool: Pool) -> None:
    pink, green = COLORS.index(Color.PINK), COLORS.index(Color.GREEN)
    drawn = pool.drawn.take(np.arange(2 * EACH))
    origin = pool.origin.copy()
    origin[EACH : EACH + 3] = DRAWN, PAINTED, PAINTED
    drawn.color[EACH : EACH + 3] = UNKNOWN, pink, pink
    pool = replace(pool, origin=origin, drawn=drawn)
    labels = pool.targets.take(np.arange(len(pool.dated)))
    labels.image_type[EACH : EACH + 3] = 1
    labels.color[EACH : EACH + 4] = green, green, pink, green
    index = np.array([EACH + 3, 2, EACH + 1, EACH, EACH + 2])
    told = label_views(pool, index, labels)
    assert told.image_type[2:].tolist() == [1, 1, 1]
    # What is drawn has no colour, what is painted its own, and the picture what people said.
    assert told.color.tolist() == [green, drawn.color[2], pink, UNKNOWN, pink]


def test_a_card_that_is_drawn_of_a_vehicle_stays_one(pool: Pool) -> None:
    vehicle = EACH + int(np.flatnonzero(pool.targets.image_type[EACH:] != PLACEHOLDER)[0])
    drawn, origin = pool.drawn.take(np.arange(2 * EACH)), pool.origin.copy()
    drawn.image_type[vehicle], origin[vehicle] = PLACEHOLDER, DRAWN
    pool = replace(pool, origin=origin, drawn=drawn)
    told = label_views(pool, np.array([vehicle]), pool.targets)
    assert told.image_type.tolist() == [PLACEHOLDER]


def test_a_vehicle_whose_colour_nobody_said_is_not_painted_anew(pool: Pool) -> None:
    origin = pool.origin.copy()
    origin[EACH : EACH + 3] = PAINTED
    drawn = pool.drawn.take(np.arange(2 * EACH))
    drawn.color[EACH : EACH + 3] = 5
    pool = replace(pool, origin=origin, drawn=drawn)
    labels = pool.targets.take(np.arange(len(pool.dated)))
    labels.color[EACH : EACH + 3] = UNKNOWN, 5, 6
    made = find_made(pool, labels)
    assert made[EACH : EACH + 3].tolist() == [False, False, True]
    assert np.delete(made, [EACH, EACH + 1]).all()


def fixes_of(pool: Pool, *, contradicted: Sequence[int] = ()) -> tuple[list[Fix], dict[int, str]]:
    places = pool.role(Role.ARRIVES).tolist()
    truth = [
        Told(image_type=pool.dated[i].sample.image_type, color=pool.dated[i].sample.color)
        for i in places
    ]
    wrong = [
        Told(image_type=IMAGE_TYPES[(IMAGE_TYPES.index(one.image_type) + 1) % 3], color=Color.PINK)
        for one in truth
    ]
    fixes = fix_month(People(rate=1.0, wrong=0.0), 1, places, truth, wrong)
    for place in contradicted:
        said = wrong[places.index(place)]
        fixes.append(Fix(picture=place, told=said, sets_type=True, sets_color=False))
    return fixes, dict.fromkeys(places, "")


def test_ours_keeps_advertisers_whole_and_disagreement_out(pool: Pool) -> None:
    torn = int(pool.role(Role.ARRIVES)[0])
    ours = Ours(pool, schooling(), People(looks=0))
    fixes, kinds = fixes_of(pool, contradicted=[torn])
    ours.learn(1, fixes, kinds)
    sides: dict[str, set[Split]] = {}
    for item in ours.items:
        sides.setdefault(item.advertiser, set()).add(item.split)
    assert all(len(one) == 1 for one in sides.values())
    keys = {item.key for item in ours.items}
    assert pool.pictures[torn].key not in keys
    assert {pool.pictures[one.picture].key for one in fixes if one.picture != torn} <= keys


def test_the_classic_loop_believes_whoever_spoke_last(pool: Pool) -> None:
    torn = int(pool.role(Role.ARRIVES)[0])
    classic = Classic(pool, schooling())
    fixes, kinds = fixes_of(pool, contradicted=[torn])
    classic.learn(1, fixes, kinds)
    assert classic.items[torn].image_type is fixes[-1].told.image_type
    assert classic.items[torn].image_type is not pool.dated[torn].sample.image_type


def test_a_look_through_mends_wrong_labels(pool: Pool) -> None:
    ours = Ours(pool, schooling(), People(looks=100, rests=1))
    fixes, kinds = fixes_of(pool)
    spoilt = [
        Fix(
            picture=one.picture,
            told=Told(image_type=IMAGE_TYPES[(IMAGE_TYPES.index(one.told.image_type) + 1) % 3],
                      color=None),
            sets_type=True,
            sets_color=False,
        )
        for one in fixes
    ]  # fmt: skip
    ours.learn(1, spoilt, kinds)
    looked_at = [one for one in ours.items if one.key in ours.decisions]
    assert looked_at
    for item in looked_at:
        assert item.image_type is pool.dated[ours.place[item.key]].sample.image_type


def test_the_champion_stays_where_the_gate_refuses(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = Ours(pool, schooling(), People(looks=0))
    before = ask(ours.eyes, pool, pool.role(Role.JUDGES)).told
    monkeypatch.setattr(Ours, "_of", _without_test)
    fixes, kinds = fixes_of(pool)
    told = ours.learn(1, fixes, kinds)
    assert "refused" in told  # G2: too few placeholders to tell by
    assert ask(ours.eyes, pool, pool.role(Role.JUDGES)).told == before


def _without_test(ours: Ours, split: Split) -> dict[int, object]:
    found = {ours.place[one.key]: one for one in ours.items if one.split is split}
    return dict(list(found.items())[:3]) if split is Split.TEST else found
