"""A network, and pictures behind its trunk, made of noise: enough for a loop of training to run."""

from __future__ import annotations

import numpy as np
import torch

from forecourt.train.backbone import build_backbone
from forecourt.train.eyes import FINE, GRID, Eyes
from forecourt.train.finetune import Exam, Lesson
from forecourt.train.targets import Targets
from forecourt.train.views import Views


def noisy_network(seed: int = 3) -> Eyes:
    torch.manual_seed(seed)
    return Eyes(build_backbone()).eval()


def noisy_views(count: int, seed: int = 0) -> Views:
    rng = np.random.default_rng(seed)

    def draw(*shape: int) -> np.ndarray:
        return rng.random((count, *shape)).astype(np.float16)

    return Views(draw(32, 29, 29), draw(3, FINE, FINE), draw(12), draw(GRID, GRID))


def every_answer(count: int) -> Targets:
    index = np.arange(count)
    return Targets(
        image_type=index % 3,
        color=index % 12,
        visible=(index % 2).astype(np.float32),
        kind=index % 9,
        view=index % 3,
        several=(index % 2).astype(np.float32),
    )


def noisy_lesson(count: int = 12) -> tuple[Lesson, Exam]:
    lesson = Lesson(noisy_views(count), every_answer(count), np.full(count, 1 / count))
    return lesson, Exam(noisy_views(6, seed=1), every_answer(6))
