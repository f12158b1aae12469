"""What is taught beside the labels, and what is shown."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra 'train'")

from forecourt.train.learn import LearnConfig, answer_views, train_eyes  # noqa: E402
from forecourt.train.targets import STOCK, UNKNOWN  # noqa: E402
from tests.support.lessons import noisy_lesson, noisy_network  # noqa: E402

pytestmark = pytest.mark.torch


def test_train_eyes__what_a_teacher_says_of_the_type_is_learned_without_a_label() -> None:
    lesson, _exam = noisy_lesson()
    truth = replace(lesson.targets, image_type=np.full(len(lesson.shares), UNKNOWN))
    teacher = noisy_network()
    with torch.no_grad():
        teacher.type_end.image_type.weight.zero_()
        teacher.type_end.image_type.bias.copy_(9.0 * (torch.arange(3) == STOCK))
    before = {name: one.clone() for name, one in teacher.state_dict().items()}
    config = LearnConfig(steps=12, batch=6, average=0.1)

    def stocks(teacher_weight: float) -> float:
        learner = train_eyes(
            noisy_network(seed=4),
            lesson.views,
            truth,
            lesson.shares,
            replace(config, teacher_weight=teacher_weight),
            teacher=teacher,
            on_progress=lambda _step, _loss: None,
        )
        said = answer_views(learner, lesson.views)["image_type"]
        return float(torch.from_numpy(said).softmax(1)[:, STOCK].mean())

    assert stocks(1.0) > stocks(0.0) + 0.2
    assert all(torch.equal(one, before[name]) for name, one in teacher.state_dict().items())
