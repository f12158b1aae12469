"""MobileNetV2 without normalisation layers, made from ImageNet weights.

Every batch normalisation is folded into the convolution before it, as a fixed gain per channel and
a bias that learns. The statistics of 5,000 pictures are no better than ImageNet's, and with
half-precision arithmetic training on a CPU becomes an order of magnitude faster.
M. Sandler et al., "MobileNetV2", CVPR 2018.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

# torchvision's table: expansion, channels, repeats, stride.
_STAGES = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
_LAST_CHANNELS = 1280
_EPSILON = 1e-5  # of the normalisation that is folded


class Conv(nn.Module):
    """A convolution with a fixed gain per output channel and a bias.

    The gain keeps the weights on the scale that they were trained at, so that one learning rate
    fits all layers.
    """

    def __init__(
        self, channels_in: int, channels: int, kernel: int = 1, stride: int = 1, groups: int = 1
    ) -> None:
        super().__init__()
        self.stride, self.groups, self.padding = stride, groups, (kernel - 1) // 2
        self.weight = nn.Parameter(torch.empty(channels, channels_in // groups, kernel, kernel))
        nn.init.kaiming_uniform_(self.weight, a=math.sqrt(5))  # as torch does
        self.bias = nn.Parameter(torch.zeros(channels))
        self.gain = nn.Buffer(torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Return the features, shape (N, C, h, w)."""
        if self.groups > 1 and self.stride > 1:
            # In bfloat16 the way back through these takes 4 to 15 times as long as in float32.
            with torch.autocast("cpu", enabled=False):
                return self._convolve(x.float()).to(x.dtype)
        return self._convolve(x)

    def _convolve(self, x: Tensor) -> Tensor:
        return functional.conv2d(
            x, self.folded(), self.bias, self.stride, self.padding, groups=self.groups
        )

    def folded(self) -> Tensor:
        """Return the weights with their gain."""
        return self.weight * self.gain[:, None, None, None]


class Block(nn.Module):
    """Inverted residual block."""

    def __init__(self, channels_in: int, channels: int, stride: int, expansion: int) -> None:
        super().__init__()
        hidden = channels_in * expansion
        self.is_residual = stride == 1 and channels_in == channels
        layers: list[nn.Module] = []
        if expansion != 1:
            layers += [Conv(channels_in, hidden), nn.ReLU6()]
        layers += [
            Conv(hidden, hidden, 3, stride, groups=hidden),
            nn.ReLU6(),
            Conv(hidden, channels),
        ]
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """Return the features, shape (N, C, h, w)."""
        y = cast("Tensor", self.layers(x))
        return x + y if self.is_residual else y


def build_backbone() -> nn.Sequential:
    """Return MobileNetV2's 19 feature blocks."""
    layers: list[nn.Module] = [nn.Sequential(Conv(3, 32, 3, 2), nn.ReLU6())]
    channels_in = 32
    for expansion, channels, repeats, stride in _STAGES:
        for index in range(repeats):
            layers.append(Block(channels_in, channels, stride if index == 0 else 1, expansion))
            channels_in = channels
    layers.append(nn.Sequential(Conv(channels_in, _LAST_CHANNELS), nn.ReLU6()))
    return nn.Sequential(*layers)


def load_imagenet(backbone: nn.Sequential, path: Path) -> None:
    """Load weights under torchvision's names, folding the normalisations.

    Args:
        backbone: What `build_backbone` returned.
        path: An .npz of arrays `features.X`, or `features.X.q` (int8) with `features.X.s`, the
            scale per channel.
    """
    with np.load(path) as arrays:
        values = _widen({name: arrays[name] for name in arrays.files})
    convolutions = [one for one in backbone.modules() if isinstance(one, Conv)]
    names = [name.removesuffix(".weight") for name, value in values.items() if value.ndim == 4]
    for conv, name in zip(convolutions, sorted(names, key=_place), strict=True):
        gamma, beta, mean, variance = (
            torch.from_numpy(values[f"{_norm_after(name)}.{part}"])
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        conv.weight.data = torch.from_numpy(values[f"{name}.weight"])
        conv.gain.data = gamma / (variance + _EPSILON).sqrt()
        conv.bias.data = beta - mean * conv.gain


def _widen(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the arrays of the features as float32, under names without `features.`."""
    values = {}
    for name, value in arrays.items():
        if not name.startswith("features.") or name.endswith(".s"):
            continue
        key = name.removeprefix("features.").removesuffix(".q")
        wide = np.array(value, np.float32)
        if name.endswith(".q"):
            scale = arrays[name.removesuffix(".q") + ".s"]
            wide *= scale.reshape(-1, *[1] * (wide.ndim - 1))
        values[key] = wide
    return values


def _place(name: str) -> list[int]:
    """Return the position of a layer: `3.conv.0.0` → [3, 0, 0]."""
    return [int(part) for part in name.split(".") if part != "conv"]


def _norm_after(name: str) -> str:
    """Return the name of the normalisation behind a convolution: the next in its sequence."""
    parent, _dot, index = name.rpartition(".")
    return f"{parent}.{int(index) + 1}"
