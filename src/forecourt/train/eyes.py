"""The network: one backbone, every answer in one pass.

    pixels ─ trunk (frozen) ─┬─ deeper blocks, several depths pooled ── image type, view
                             └─ stride 16 + paint ── where the vehicle is ── colour, kind

The type is judged on the whole picture; colour and kind are pooled over where the vehicle is.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from forecourt.train.backbone import Conv

INPUT_SIZE = 225  # 32k + 1: there PyTorch's padding equals the one that the weights were made with
TRUNK_END = 7  # blocks 0-6: stride 8, 32 channels; low-level, kept as ImageNet left them
GRID = 15  # cells a side of the map of where the vehicle is, at stride 16
KINDS = ("car", "truck", "van", "motorcycle", "rv", "boat", "trailer", "bus", "other")
VIEWS = ("exterior", "interior", "detail")
_PER_CELL = 3  # samples of the paint a side of each cell
FINE = GRID * _PER_CELL
_STRIDE_16 = 13  # the block whose features the map and the colour are made of
_TAPS = {
    TRUNK_END - 1: 32,
    10: 64,
    13: 96,
    17: 320,
    18: 1280,
}  # depth → channels of what the type sees
TYPE_FEATURES = 2 * sum(_TAPS.values()) + 12
_STAINS = 48
_LOCAL = 160
_QUERIES = 3


class Answers(NamedTuple):
    """Logits for N pictures; `heat` is a map of where the main vehicle is, (N, 1, GRID, GRID)."""

    image_type: Tensor
    color: Tensor
    color_visible: Tensor
    heat: Tensor
    kind: Tensor
    view: Tensor
    several: Tensor


class Eyes(nn.Module):
    """The whole network.

    Args:
        backbone: MobileNetV2's blocks (`build_backbone`); those up to TRUNK_END are the trunk.
        hidden: Width of the layer behind the type.
        dropout: Share of features hidden from the heads in training.
    """

    def __init__(self, backbone: nn.Sequential, *, hidden: int = 192, dropout: float = 0.3) -> None:
        super().__init__()
        self.trunk = nn.Sequential(*list(backbone)[:TRUNK_END]).requires_grad_(False)
        self.blocks = nn.ModuleList(list(backbone)[TRUNK_END:])
        self.type_end = TypeEnd(hidden, dropout)
        self.paint_end = PaintEnd()

    def forward(self, pixels: Tensor) -> Answers:
        """Return the answers for pictures (N, 3, INPUT_SIZE, INPUT_SIZE), -1 to 1."""
        return self.answer(self.trunk(pixels), fine_samples(pixels), border(pixels))

    def answer(self, x: Tensor, samples: Tensor, edge: Tensor) -> Answers:
        """Return the answers for what the trunk says of pictures.

        Args:
            x: The trunk's features, shape (N, 32, 29, 29).
            samples: `fine_samples` of the pictures.
            edge: `border` of the pictures.
        """
        middle, parts = self.describe(x)
        image_type, view = self.type_end(torch.cat([*parts, edge], 1))
        color, visible, heat, kind, several = self.paint_end(samples, middle, parts[-2])
        return Answers(image_type, color, visible, heat, kind, view, several)

    def describe(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Return the features at stride 16, and mean and spread of every depth that is tapped."""
        middle, parts = x, spread(x)
        for depth, block in enumerate(self.blocks, start=TRUNK_END):
            x = block(x)
            if x.requires_grad:  # what is pooled from it would bring gradients in another layout
                x.register_hook(_in_channels_last)
            if depth in _TAPS:
                parts += spread(x)
            if depth == _STRIDE_16:
                middle = x
        return middle, parts


class TypeEnd(nn.Module):
    """Pooled features of the whole picture → image type and view."""

    def __init__(self, hidden: int, dropout: float) -> None:
        super().__init__()
        self.mean = nn.Buffer(torch.zeros(TYPE_FEATURES))
        self.scale = nn.Buffer(torch.ones(TYPE_FEATURES))
        self.hidden = nn.Sequential(
            nn.Dropout(dropout), nn.Linear(TYPE_FEATURES, hidden), nn.ReLU(), nn.Dropout(dropout)
        )
        self.image_type = nn.Linear(hidden, 3)
        self.view = nn.Linear(hidden, len(VIEWS))

    def forward(self, described: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits of the type, (N, 3), and of the view."""
        hidden = self.hidden((described - self.mean) / self.scale)
        return self.image_type(hidden), self.view(hidden)


class PaintEnd(nn.Module):
    """Features at stride 16 and the pixels themselves → the vehicle, its colour and its kind.

    What ImageNet's features know of colour is little, so the pixels have a path of their own: a
    small network looks at samples of 5 x 5 pixels, next to the light of the whole picture.
    """

    def __init__(self, channels: int = 96, last: int = 1280) -> None:
        super().__init__()
        self.heat = Conv(channels, 1)
        self.stain = nn.Sequential(Conv(3, _STAINS), nn.ReLU(), Conv(_STAINS, _STAINS), nn.ReLU())
        self.light = nn.Linear(6, _STAINS)
        self.local = nn.Sequential(Conv(channels + _STAINS, _LOCAL), nn.ReLU())
        self.queries = Conv(channels + _STAINS, _QUERIES)
        pooled = (_QUERIES + 2) * _LOCAL
        self.color = nn.Sequential(nn.Dropout(0.2), nn.Linear(pooled, 12))
        self.visible = nn.Linear(pooled + 1, 1)
        self.kind = nn.Sequential(nn.Dropout(0.2), nn.Linear(pooled + last, len(KINDS)))
        self.several = nn.Linear(pooled + last + 1, 1)

    def forward(self, samples: Tensor, x: Tensor, last: Tensor) -> tuple[Tensor, ...]:
        """Return logits of colour, of paint being seen, of the map, the kind and competition.

        Args:
            samples: `fine_samples` of the pictures.
            x: Features at stride 16.
            last: The backbone's last features, pooled over the picture.
        """
        light = torch.cat(spread(samples), 1)
        first, *rest = self.stain
        stains = first(samples) + self.light(light)[:, :, None, None]
        for layer in rest:
            stains = layer(stains)
        seen = torch.cat([x, functional.avg_pool2d(stains, _PER_CELL)], 1)
        heat = self.heat(x)
        local = self.local(seen).flatten(2)  # (N, C, cells)
        weight = torch.sigmoid(heat).flatten(2)
        total = weight.sum(2)
        asked = functional.logsigmoid(heat).flatten(2) + self.queries(seen).flatten(2)
        focused = local @ torch.softmax(asked, 2).transpose(1, 2)  # (N, C, queries)
        inside = (local * weight).sum(2) / (total + 1e-3)
        peak = (local * weight).amax(2)
        pooled = torch.cat([focused.flatten(1), inside, peak], 1)
        share = total / weight.shape[2]
        return (
            self.color(pooled),
            self.visible(torch.cat([pooled, share], 1)),
            heat,
            self.kind(torch.cat([pooled, last], 1)),
            self.several(torch.cat([pooled, last, share], 1)),
        )


def _in_channels_last(gradient: Tensor) -> Tensor:
    return gradient.contiguous(memory_format=torch.channels_last)


def fine_samples(pixels: Tensor) -> Tensor:
    """Return the mean pixels of 5 x 5, shape (N, 3, 45, 45): three a side of each cell."""
    return functional.avg_pool2d(pixels, INPUT_SIZE // FINE)


def spread(x: Tensor) -> list[Tensor]:
    """Return mean and standard deviation over the picture, each of shape (N, C)."""
    mean = x.mean((2, 3))
    return [mean, (x.square().mean((2, 3)) - mean.square()).clamp_min(1e-6).sqrt()]


def border(pixels: Tensor) -> Tensor:
    """Return mean, low and spread of the four border strips: a cut-out stands on even white."""
    width = INPUT_SIZE // 16
    strips = (
        pixels[:, :, :width],
        pixels[:, :, -width:],
        pixels[..., :width],
        pixels[..., -width:],
    )
    means = [strip.mean((1, 2, 3)) for strip in strips]
    lows = [strip.mean(1).amin((1, 2)) for strip in strips]
    squares = [strip.square().mean((1, 2, 3)) for strip in strips]
    spreads = [
        (square - mean.square()).clamp_min(1e-6).sqrt()
        for square, mean in zip(squares, means, strict=True)
    ]
    return torch.stack([*means, *lows, *spreads], 1)
