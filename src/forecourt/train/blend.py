"""The blend of a run: one network whose weights are the mean of its candidates'.

Candidates start from the same weights and end near each other, so the mean of their weights answers
about as their vote would, at the cost of one (Wortsman et al., Model soups, 2022).
"""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch

from forecourt.train.backbone import Conv
from forecourt.train.eyes import Eyes


@torch.no_grad()
def blend(networks: Sequence[Eyes]) -> Eyes:
    """Return the network whose every weight is the mean of the networks' own.

    Convolutions are averaged as they convolve, gain and all, and keep the first one's gain:
    networks that were read from bundles have other gains than those that training began with.

    Args:
        networks: At least one, all trained from the same start; none is changed.
    """
    mean = copy.deepcopy(networks[0])
    states = [one.state_dict() for one in networks]
    mean.load_state_dict(
        {name: torch.stack([one[name] for one in states]).mean(0) for name in states[0]}
    )
    for name, conv in mean.named_modules():
        if isinstance(conv, Conv):
            members = [one.get_submodule(name) for one in networks]
            folded = torch.stack([one.folded() for one in members if isinstance(one, Conv)])
            conv.gain.copy_(states[0][f"{name}.gain"])
            gain = conv.gain[:, None, None, None]
            conv.weight.copy_(torch.where(gain != 0, folded.mean(0) / gain, 0.0))
    return mean.eval()
