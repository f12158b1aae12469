from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra 'train'")

from forecourt.train.backbone import Conv  # noqa: E402
from forecourt.train.blend import blend  # noqa: E402
from forecourt.train.finetune import answer_on  # noqa: E402
from tests.support.lessons import noisy_network, noisy_views  # noqa: E402

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


def test_blend__of_one_network_written_in_two_ways_answers_as_it_does() -> None:
    one, other = noisy_network(), noisy_network()
    with torch.no_grad():
        for layer in other.modules():
            if isinstance(layer, Conv):
                layer.weight.mul_(4)
                layer.gain.div_(4)
    views = noisy_views(2)
    expected, found = answer_on(one, views), answer_on(blend([other, one]), views)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-3, atol=1e-3, err_msg=name)
