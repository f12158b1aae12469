"""Taking the picture: camera, exposure, and what a real camera adds."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from parts import add_object
from PIL import Image, ImageFilter

_CUTOUT_GAMMA = 1.25  # light tents leave paint pale
_BLACK, _PHOTO_GAMMA, _SATURATION = 0.11, 1.1, 1.2


def new_scene(*, samples: int, size: tuple[int, int], is_cutout: bool) -> Any:
    """Empty Blender and set its path tracer up; return the scene."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.render.resolution_x, scene.render.resolution_y = size
    scene.render.film_transparent = is_cutout
    scene.cycles.samples = samples
    scene.cycles.use_adaptive_sampling = True
    scene.cycles.adaptive_threshold = 0.05
    scene.cycles.use_denoising = True
    scene.cycles.denoiser = "OPENIMAGEDENOISE"
    scene.cycles.max_bounces = 4
    scene.cycles.sample_clamp_indirect = 4.0
    scene.view_settings.view_transform = "Standard" if is_cutout else "AgX"
    scene.render.image_settings.file_format = "PNG"
    scene.render.image_settings.color_mode = "RGBA"
    return scene


def aim(
    scene: Any, *, eye: tuple[float, float, float], target: tuple[float, float, float], lens: float
) -> None:
    """Point the camera; `lens` is the focal length on 36 mm film."""
    data = bpy.data.cameras.new("camera")
    data.lens = lens
    camera = add_object("camera", data, eye)
    x, y, z = np.subtract(target, eye)
    camera.rotation_euler = (np.arctan2(np.hypot(x, y), -z), 0, np.arctan2(y, x) - np.pi / 2)
    scene.camera = camera


def take(scene: Any, *, exposure: float, contrast: str = "None") -> Image.Image:
    """Render and return the picture, RGBA."""
    scene.view_settings.exposure = exposure
    scene.view_settings.look = contrast
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "picture.png"
        scene.render.filepath = str(path)
        bpy.ops.render.render(write_still=True)
        with Image.open(path) as image:
            return image.convert("RGBA")


def without_haze(image: Image.Image) -> Image.Image:
    """Return a cut-out with more contrast; what is nearly clear becomes clear, so shadows end."""
    pixels = np.asarray(image).astype(np.float32)
    pixels[..., :3] = 255 * (pixels[..., :3] / 255) ** _CUTOUT_GAMMA
    pixels[..., 3] = np.clip((pixels[..., 3] - 26) * (255 / 229), 0, 255)
    return Image.fromarray(pixels.astype(np.uint8), "RGBA")


def on_white(image: Image.Image) -> Image.Image:
    """Return a cut-out on pure white."""
    canvas = Image.new("RGBA", image.size, (255, 255, 255, 255))
    image = without_haze(image)
    canvas.alpha_composite(image)
    return canvas.convert("RGB")


def as_photo(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Return what a hand-held camera makes of a scene: soft, noisy, darker in the corners."""
    soft = image.convert("RGB").filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 0.7)))
    sharp = soft.filter(ImageFilter.UnsharpMask(1.2, int(rng.uniform(30, 80)), 2))
    pixels = np.asarray(sharp).astype(np.float32)
    rows, columns = pixels.shape[:2]
    y, x = np.mgrid[-1 : 1 : rows * 1j, -1 : 1 : columns * 1j]
    pixels *= (1 - rng.uniform(0.03, 0.12) * (x * x + y * y))[..., None]
    pixels *= rng.uniform(0.975, 1.025, 3)
    pixels = _with_contrast(pixels)
    grain = rng.normal(0, rng.uniform(1.5, 3.5), (rows, columns, 1))
    pixels += grain + rng.normal(0, 1.2, pixels.shape)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def _with_contrast(pixels: np.ndarray) -> np.ndarray:
    """Return what a camera's picture style makes of flat colours; 0-255 in and out."""
    lifted = np.clip((pixels / 255 - _BLACK) / (1 - _BLACK), 0, 1) ** _PHOTO_GAMMA
    grey = lifted @ np.array([0.30, 0.59, 0.11])
    return np.clip(grey[..., None] + (lifted - grey[..., None]) * _SATURATION, 0, 1) * 255
