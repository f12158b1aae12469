"""Augmentation of whole batches, as tensors: cheap next to the network itself."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional


def warp(
    pixels: Tensor, maps: Tensor, size: int, generator: torch.Generator, *, strength: Tensor
) -> tuple[Tensor, Tensor]:
    """Flip, zoom, shift, squash and tilt pictures and their maps together.

    Args:
        pixels: Shape (N, 3, S, S), float32.
        maps: Shape (N, 1, g, g), float32.
        size: Side of the pictures returned.
        generator: Source of randomness.
        strength: Of each picture, shape (N,): 0 leaves the geometry alone, 1 is meant for photos.

    Returns:
        Pictures (N, 3, size, size) and maps (N, 1, g, g).
    """
    count = len(pixels)

    def uniform(low: float, high: float) -> Tensor:
        return torch.empty(count).uniform_(low, high, generator=generator)

    zoom = torch.exp(uniform(-0.35, 0.12) * strength)
    squash = torch.exp(uniform(-0.18, 0.18) * strength)
    tilt = uniform(-0.07, 0.07) * strength * math.pi / 2
    flip = (torch.rand(count, generator=generator) < 0.5).float() * -2 + 1
    theta = torch.zeros(count, 2, 3)
    theta[:, 0, 0] = zoom * squash * flip * torch.cos(tilt)
    theta[:, 0, 1] = -zoom * torch.sin(tilt)
    theta[:, 1, 0] = zoom * torch.sin(tilt) * flip
    theta[:, 1, 1] = zoom / squash * torch.cos(tilt)
    slack = (1 - zoom).clamp_min(0.05) * strength.sign()
    theta[:, 0, 2] = uniform(-1, 1) * slack
    theta[:, 1, 2] = uniform(-1, 1) * slack
    grid = functional.affine_grid(theta, [count, 1, size, size], align_corners=False)
    warped = functional.grid_sample(pixels, grid, padding_mode="border", align_corners=False)
    cells = functional.affine_grid(theta, list(maps.shape), align_corners=False)
    return warped, functional.grid_sample(maps, cells, align_corners=False)


def light(pixels: Tensor, generator: torch.Generator, *, strength: Tensor) -> Tensor:
    """Change exposure, contrast, haze, white balance and noise; hues stay what people call them.

    Args:
        pixels: Shape (N, 3, S, S), float32, -1 to 1.
        generator: Source of randomness.
        strength: Of each picture, shape (N,): 0 leaves the light alone, 1 is meant for photos.

    Returns:
        Same shape and range.
    """
    count = len(pixels)
    scale = strength[:, None, None, None]

    def uniform(low: float, high: float, channels: int = 1) -> Tensor:
        return torch.empty(count, channels, 1, 1).uniform_(low, high, generator=generator)

    x = (pixels + 1) / 2
    x = x.clamp_min(1e-4) ** torch.exp(uniform(-0.3, 0.3) * scale)
    x = x * torch.exp((uniform(-0.3, 0.22) + uniform(-0.06, 0.06, 3)) * scale)
    mean = x.mean((1, 2, 3), keepdim=True)
    x = (x - mean) * torch.exp(uniform(-0.25, 0.25) * scale) + mean
    x = x + (1 - x) * uniform(-0.3, 0.12).clamp_min(0) * scale  # haze, a third of the time
    grain = uniform(-0.03, 0.03).clamp_min(0) * scale  # half of the time
    is_grainy = grain.flatten() > 0
    noise = torch.randn(x[is_grainy].shape, generator=generator)
    x[is_grainy] = x[is_grainy] + noise * grain[is_grainy]
    return x.clamp(0, 1) * 2 - 1


def coarsen(pixels: Tensor, generator: torch.Generator, *, share: float = 0.25) -> Tensor:
    """Scale a share of the batch down and up again, as small originals arrive."""
    if torch.rand(1, generator=generator).item() > 0.8:
        return pixels
    count = max(1, int(len(pixels) * share))
    side = int(torch.randint(72, 160, (1,), generator=generator).item())
    small = functional.interpolate(pixels[:count], size=(side, side), mode="area")
    coarse = functional.interpolate(small, size=pixels.shape[-2:], mode="bilinear")
    return torch.cat([coarse, pixels[count:]])
