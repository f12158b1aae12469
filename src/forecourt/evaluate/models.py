"""Several models on the same pictures: figures, every answer, and speed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from forecourt.core.evaluation import Evaluation, JudgedAnswer, JudgedModel, JudgedPicture
from forecourt.core.samples import Sample
from forecourt.core.settings import VisionSettings
from forecourt.evaluate.judge import Verdict, judge
from forecourt.evaluate.report import make_report
from forecourt.vision.bundle import Bundle
from forecourt.vision.pipeline import Pipeline

HARD = "hard"  # a folder or a split of this name holds pictures that were made to be hard


@dataclass(frozen=True, slots=True, kw_only=True)
class TestSet:
    """Labelled pictures that no model to be judged was trained on.

    Attributes:
        name: For the reader.
        source: Where they are from.
        folder: Where paths start from.
        keys: What names each sample.
        samples: The pictures.
        seen: Others, of advertisers that training saw, held out at random; may be none.
    """

    __test__ = False  # no test of pytest's

    name: str
    source: str
    manifest_sha256: str | None
    folder: Path
    keys: Sequence[str]
    samples: Sequence[Sample]
    seen: Sequence[Sample] = ()


def judge_models(
    test: TestSet,
    bundles: Iterable[Bundle],
    settings: VisionSettings,
    *,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Evaluation:
    """Let every model answer on every picture; the champion comes first.

    Raises:
        UsageError: a picture is missing or cannot be decoded.
        BundleError: a network does not fit its manifest.
    """
    given = list(bundles)
    total = len(given) * (len(test.samples) + len(test.seen))
    models: list[JudgedModel] = []
    done = 0
    for bundle in given:

        def tell(count: int, before: int = done) -> None:
            on_progress(before + count, total)

        models.append(_judge_model(test, bundle, settings, tell))
        done += len(test.samples) + len(test.seen)
    return Evaluation(
        name=test.name,
        source=test.source,
        manifest_sha256=test.manifest_sha256,
        made_at=datetime.now(UTC),
        champion=given[0].version,
        pictures=tuple(
            _picture(key, one) for key, one in zip(test.keys, test.samples, strict=True)
        ),
        models=tuple(models),
    )


def _judge_model(
    test: TestSet, bundle: Bundle, settings: VisionSettings, tell: Callable[[int], None]
) -> JudgedModel:
    with Pipeline(bundle, settings) as pipeline:
        verdicts: list[Verdict] = []
        since = time.process_time()
        for one in judge(test.folder, test.samples, pipeline):
            verdicts.append(one)
            tell(len(verdicts))
        spent = time.process_time() - since
        seen = list(judge(test.folder, test.seen, pipeline))
    report = make_report(verdicts, model_version=bundle.version, split="test")
    beside = make_report(seen, model_version=bundle.version, split="seen") if seen else None
    return JudgedModel(
        version=bundle.version,
        report=report.to_json(),
        seen=beside.to_json() if beside else None,
        cpu_ms=round(1000 * spent / max(1, len(verdicts)), 2),
        answers=tuple(_answer(one) for one in verdicts),
    )


def _picture(key: str, sample: Sample) -> JudgedPicture:
    return JudgedPicture(
        key=key,
        image=sample.file,
        image_type=sample.image_type,
        color=sample.color,
        kind=sample.kind,
        advertiser=sample.advertiser,
        is_hard=HARD in (sample.split, Path(sample.file).parts[0]),
    )


def _answer(verdict: Verdict) -> JudgedAnswer:
    return JudgedAnswer(
        image_type=verdict.image_type,
        color=verdict.color,
        type_confidence=round(verdict.type_confidence, 4),
        color_confidence=round(verdict.color_confidence, 4),
        review=verdict.review,
    )
