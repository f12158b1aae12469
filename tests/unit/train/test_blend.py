from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the extra 'train'")

from forecourt.train.blend import blend  # noqa: E402
from tests.support.lessons import noisy_network  # noqa: E402

pytestmark = pytest.mark.torch


def test_blend__every_weight_is_the_mean_and_nothing_else_changes() -> None:
    networks = [noisy_network(seed) for seed in (1, 2, 3)]
    before = [{name: x.clone() for name, x in one.state_dict().items()} for one in networks]
    mean = blend(networks).state_dict()
    for name, values in mean.items():
        expected = sum(one[name] for one in before) / 3
        torch.testing.assert_close(values, expected)
    for one, kept in zip(networks, before, strict=True):
        assert all(torch.equal(values, kept[name]) for name, values in one.state_dict().items())
    assert not blend(networks).training
