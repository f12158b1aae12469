"""The network: one MobileNetV2 trunk with two ends.

    pixels ─ trunk (shared, frozen) ─┬─ type end   (frozen: ImageNet's last blocks) ── image type
                                     └─ paint end  (fine-tuned copy) ── attention ─── colour

Fine-tuning everything for colour makes the network forget what it knew of things that are no
vehicles, and placeholders leak. So the blocks behind the type answer stay as ImageNet left them,
with a small head on features of several depths; the paint end is a copy of the middle blocks, free
to learn, pooled over where the vehicle is. M. Sandler et al., "MobileNetV2", CVPR 2018.
"""

from __future__ import annotations

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

INPUT_SIZE = 225  # 32k + 1: there PyTorch's padding equals the one that the weights were made with
GRID = 15  # cells a side of the paint end's map, at stride 16
CELL = INPUT_SIZE // GRID
TRUNK_END = 7  # features[0..6]: stride 8, 32 channels; low-level, kept as ImageNet left them
PAINT_END = 14  # features[7..13] are copied for the paint end: stride 16, 96 channels
_TAPS = (TRUNK_END - 1, 10, 13, 17, 18)  # depths whose pooled features the type head sees
_TAP_CHANNELS = (32, 64, 96, 320, 1280)
_PAINT_CHANNELS = 96
TYPE_FEATURES = 2 * sum(_TAP_CHANNELS) + 12


def _conv_bn(
    channels_in: int, channels: int, kernel: int, stride: int, groups: int = 1
) -> nn.Sequential:
    conv = nn.Conv2d(
        channels_in, channels, kernel, stride, (kernel - 1) // 2, groups=groups, bias=False
    )
    return nn.Sequential(conv, nn.BatchNorm2d(channels), nn.ReLU6(inplace=True))


class _Block(nn.Module):
    """Inverted residual block."""

    def __init__(self, channels_in: int, channels: int, stride: int, expansion: int) -> None:
        super().__init__()
        hidden = channels_in * expansion
        self.is_residual = stride == 1 and channels_in == channels
        layers: list[nn.Module] = []
        if expansion != 1:
            layers.append(_conv_bn(channels_in, hidden, 1, 1))
        layers += [
            _conv_bn(hidden, hidden, 3, stride, groups=hidden),
            nn.Conv2d(hidden, channels, 1, bias=False),
            nn.BatchNorm2d(channels),
        ]
        self.conv = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        y = cast("Tensor", self.conv(x))
        return x + y if self.is_residual else y


def build_features() -> nn.Sequential:
    """Return MobileNetV2's 19 feature blocks under torchvision's key names."""
    layers: list[nn.Module] = [_conv_bn(3, 32, 3, 2)]
    channels_in = 32
    for expansion, channels, repeats, stride in _STAGES:
        for index in range(repeats):
            layers.append(_Block(channels_in, channels, stride if index == 0 else 1, expansion))
            channels_in = channels
    layers.append(_conv_bn(channels_in, _LAST_CHANNELS, 1, 1))
    return nn.Sequential(*layers)


def load_imagenet(features: nn.Sequential, path: Path) -> None:
    """Load int8 weights with per-channel scales (an .npz of `X.q`, `X.s` and plain arrays)."""
    state: dict[str, Tensor] = {}
    with np.load(path) as arrays:
        for name in arrays.files:
            if name.endswith(".s") or not name.startswith("features."):
                continue
            key = name.removeprefix("features.").removesuffix(".q")
            value = arrays[name]
            if name.endswith(".q"):
                scale = arrays[name.removesuffix(".q") + ".s"]
                value = value.astype(np.float32) * scale.reshape(-1, *[1] * (value.ndim - 1))
            state[key] = torch.from_numpy(np.array(value))
    features.load_state_dict(state, strict=True)


class TypeEnd(nn.Module):
    """Frozen blocks → pooled features → a small head over the three types."""

    def __init__(self, features: nn.Sequential, hidden: int = 192) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(list(features)[TRUNK_END:])
        self.mean = nn.Buffer(torch.zeros(TYPE_FEATURES))
        self.scale = nn.Buffer(torch.ones(TYPE_FEATURES))
        self.head = nn.Sequential(
            nn.Dropout(0.3),
            nn.Linear(TYPE_FEATURES, hidden),
            nn.ReLU(),
            nn.Dropout(0.3),
            nn.Linear(hidden, 3),
        )

    def describe(self, pixels: Tensor, x: Tensor) -> Tensor:
        """Return mean and spread of several depths, and of the border pixels; shape (N, D)."""
        parts = [*_spread(x)]
        for depth, block in enumerate(self.blocks, start=TRUNK_END):
            x = block(x)
            if depth in _TAPS:
                parts += _spread(x)
        return torch.cat([*parts, _border(pixels)], 1)

    def classify(self, described: Tensor) -> Tensor:
        """Return logits over the types, shape (N, 3)."""
        return cast("Tensor", self.head((described - self.mean) / self.scale))


def _spread(x: Tensor) -> list[Tensor]:
    """Mean and standard deviation over the picture, each of shape (N, C)."""
    mean = x.mean((2, 3))
    return [mean, (x.square().mean((2, 3)) - mean.square()).clamp_min(1e-6).sqrt()]


def _border(pixels: Tensor) -> Tensor:
    """Mean and spread of the four border strips: a studio cut-out stands on even white."""
    strip = INPUT_SIZE // 16
    strips = (
        pixels[:, :, :strip],
        pixels[:, :, -strip:],
        pixels[..., :strip],
        pixels[..., -strip:],
    )
    means = [strip.mean((1, 2, 3), keepdim=False) for strip in strips]
    lows = [strip.mean(1).amin((1, 2)) for strip in strips]
    spreads = [
        (strip.square().mean((1, 2, 3)) - strip.mean((1, 2, 3)).square()).clamp_min(1e-6).sqrt()
        for strip in strips
    ]
    return torch.stack([*means, *lows, *spreads], 1)


def mean_cells(pixels: Tensor) -> Tensor:
    """Return the mean colour of each cell of the map, shape (N, 3, GRID, GRID)."""
    return functional.avg_pool2d(pixels, CELL)


class PaintEnd(nn.Module):
    """Fine-tuned blocks → where the vehicle is → colour of its paint, and whether any is seen."""

    def __init__(self, features: nn.Sequential, hidden: int = 160) -> None:
        super().__init__()
        self.blocks = nn.Sequential(*list(features)[TRUNK_END:PAINT_END])
        self.heat = nn.Conv2d(_PAINT_CHANNELS, 1, 1)
        self.local = nn.Sequential(nn.Conv2d(_PAINT_CHANNELS + 6, hidden, 1), nn.ReLU())
        self.color = nn.Sequential(nn.Dropout(0.2), nn.Linear(2 * hidden, 12))
        self.visible = nn.Linear(2 * hidden + 1, 1)

    def forward(self, paint: Tensor, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return logits of colour (N, 12), of paint being seen (N, 1), and the map (N, 1, h, w).

        Args:
            paint: Mean pixels of each cell (`mean_cells`), shape (N, 3, h, w).
            x: The trunk's features.
        """
        x = self.blocks(x)
        heat = self.heat(x)
        local = self.local(torch.cat([x, paint, paint.square()], 1))
        weight = torch.sigmoid(heat)
        total = weight.sum((2, 3))
        inside = (local * weight).sum((2, 3)) / (total + 1e-3)
        peak = (local * weight).amax((2, 3))
        pooled = torch.cat([inside, peak], 1)
        share = total / weight[0].numel()
        return self.color(pooled), self.visible(torch.cat([pooled, share], 1)), heat
