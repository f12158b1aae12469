from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra 'train'")

from forecourt.train import learn  # noqa: E402
from forecourt.train.backbone import Conv, build_backbone, load_imagenet  # noqa: E402
from forecourt.train.eyes import FINE, GRID, Answers, Eyes  # noqa: E402
from forecourt.train.learn import LearnConfig, total_loss  # noqa: E402
from forecourt.train.targets import UNKNOWN, Targets, drawn_targets  # noqa: E402
from forecourt.train.teachers import attend, compete  # noqa: E402
from forecourt.train.views import Views  # noqa: E402

pytestmark = pytest.mark.torch


def test_load_imagenet__folds_the_normalisation_away(tmp_path: Path) -> None:
    """Each convolution answers as the convolution and the normalisation behind it would."""
    rng = np.random.default_rng(0)
    arrays, convolutions = {}, {}
    backbone = build_backbone()
    for depth, block in enumerate(backbone):
        layers = [one for one in block.modules() if isinstance(one, Conv)]
        for place, conv in enumerate(layers):
            # torchvision's names: the last of an inverted residual is in no sequence of its own.
            is_flat = depth not in {0, 18} and place == len(layers) - 1
            name = f"features.{depth}" if depth in {0, 18} else f"features.{depth}.conv.{place}"
            conv_name = name if is_flat else f"{name}.0"
            norm_name = f"features.{depth}.conv.{place + 1}" if is_flat else f"{name}.1"
            channels = conv.weight.shape[0]
            arrays[f"{conv_name}.weight"] = rng.normal(0, 1, conv.weight.shape).astype(np.float32)
            for part in ("weight", "bias", "running_mean"):
                arrays[f"{norm_name}.{part}"] = rng.normal(0, 1, channels).astype(np.float32)
            arrays[f"{norm_name}.running_var"] = rng.uniform(1, 2, channels).astype(np.float32)
            convolutions[conv_name, norm_name] = conv
    np.savez(tmp_path / "weights.npz", **arrays)
    load_imagenet(backbone, tmp_path / "weights.npz")
    for (conv_name, norm_name), conv in convolutions.items():
        channels, inside, kernel, _kernel = conv.weight.shape
        x = torch.randn(2, inside * conv.groups, 5, 5)
        plain = torch.nn.Conv2d(
            inside * conv.groups,
            channels,
            kernel,
            conv.stride,
            conv.padding,
            groups=conv.groups,
            bias=False,
        )
        plain.weight.data = torch.from_numpy(arrays[f"{conv_name}.weight"])
        norm = torch.nn.BatchNorm2d(channels).eval()
        norm.load_state_dict(
            {
                part: torch.from_numpy(arrays[f"{norm_name}.{part}"])
                for part in ("weight", "bias", "running_mean", "running_var")
            },
            strict=False,
        )
        with torch.no_grad():
            torch.testing.assert_close(conv(x), norm(plain(x)), rtol=1e-3, atol=1e-3)


def test_eyes__the_trunk_is_not_trained() -> None:
    eyes = Eyes(build_backbone())
    assert not any(one.requires_grad for one in eyes.trunk.parameters())
    assert all(one.requires_grad for one in eyes.blocks.parameters())


def answers(count: int) -> Answers:
    widths = (3, 12, 1, None, 9, 3, 1)
    return Answers(
        *(
            torch.randn(count, 1, GRID, GRID) if width is None else torch.randn(count, width)
            for width in widths
        )
    )


def test_total_loss__leaves_out_what_nobody_knows() -> None:
    given = answers(2)
    nobody = np.full(2, np.nan, np.float32)
    unknown = np.full(2, UNKNOWN)
    truth = Targets(np.array([0, 1]), unknown, nobody, unknown, unknown, nobody)
    maps = torch.zeros(2, GRID, GRID)
    maps[1] = torch.nan
    before = total_loss(given, truth, maps, LearnConfig())
    changed = given._replace(
        color=given.color * 9,
        color_visible=given.color_visible * 9,
        kind=given.kind * 9,
        view=given.view * 9,
        several=given.several * 9,
        heat=torch.stack([given.heat[0], given.heat[1] * 9]),
    )
    assert total_loss(changed, truth, maps, LearnConfig()) == before
    wrong = given._replace(image_type=-given.image_type)
    assert total_loss(wrong, truth, maps, LearnConfig()) != before


def test_settle_visible__tells_painted_pictures_from_interiors() -> None:
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    count = 24
    is_seen = np.arange(count) % 2 == 0
    shape = (count, 3, FINE, FINE)
    samples = np.where(is_seen[:, None, None, None], 0.5, -0.5) + rng.normal(0, 0.1, shape)
    views = Views(
        rng.normal(0, 0.1, (count, 32, 29, 29)).astype(np.float16),
        samples.astype(np.float16),
        np.zeros((count, 12), np.float16),
        np.zeros((count, GRID, GRID), np.float16),
    )
    unknown = np.full(count, UNKNOWN)
    dealer = np.zeros(count, np.int64)
    truth = Targets(
        dealer, unknown, is_seen.astype(np.float32), unknown, unknown, np.full(count, np.nan)
    )
    eyes = Eyes(build_backbone()).eval()
    learn.settle_visible(eyes, views, truth, np.full(count, 1 / count), count=64)
    said = learn.answer_views(eyes, views)["color_visible"][:, 0] > 0
    assert (said == is_seen).mean() > 0.9


def test_drawn_targets__only_a_placeholder_surely_shows_no_paint() -> None:
    truth = drawn_targets(np.array([0, 1, 2]))
    np.testing.assert_array_equal(np.isnan(truth.visible), [True, True, False])
    assert truth.visible[2] == 0


def test_attend__fills_in_a_vehicle_that_the_masks_missed() -> None:
    maps = np.zeros((3, 20, 20), np.float16)
    maps[1, 5:15, 5:15] = 1
    box = np.array([[0.25, 0.25, 0.75, 0.75, 0.9]], np.float32)
    mended = attend(maps, [box, box, box * [1, 1, 1, 1, 0.3]])
    assert mended[0, 5:15, 5:15].min() >= 0.7  # missed
    assert mended[0].sum() == mended[0, 5:15, 5:15].sum()
    np.testing.assert_array_equal(mended[1], maps[1])  # found
    np.testing.assert_array_equal(mended[2], maps[2])  # the box is not sure


def test_compete__counts_vehicles_of_half_the_largest_one() -> None:
    large = [0.0, 0.0, 0.5, 1.0, 0.9]
    near, far, doubtful = (
        [0.5, 0.0, 0.9, 1.0, 0.8],
        [0.5, 0.0, 0.6, 0.5, 0.8],
        [0.5, 0, 1, 1, 0.3],
    )
    boxes = [np.array(one, np.float32) for one in ([large, near], [large, far], [large, doubtful])]
    boxes.append(np.zeros((0, 5), np.float32))
    assert compete(boxes).tolist() == [2, 1, 1, 0]
