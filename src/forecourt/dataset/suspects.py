"""Labels that are likely wrong, worst first: confident learning on out-of-fold probabilities.

A logistic regression on the champion's features says of every picture what it would be, having
seen no picture of its advertiser. Where it is sure of another class than the label, the label is
suspect. (Northcutt, Jiang, Chuang: "Confident Learning: Estimating Uncertainty in Dataset Labels",
JAIR 2021; cleanlab's implementation.)

The champion itself was trained on labels that may be wrong; the regression on top is new, and is
asked only of advertisers that it has not seen. Needs the extras `train` and `curate`.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from forecourt.core.dataset import Item, Split
from forecourt.core.fixes import FixField
from forecourt.core.labels import COLORS, IMAGE_TYPES
from forecourt.dataset.doubts import Suspect
from forecourt.dataset.features import Features
from forecourt.dataset.split import unit_of

FOLDS = 5
_STRENGTH = 0.01  # of the regression, inverse of its penalty; more fits the flipped labels too
_SEED = 0


def find_suspects(
    items: Sequence[Item], features: Features, field: FixField = FixField.IMAGE_TYPE
) -> list[Suspect]:
    """Return the labels of one field, the most suspect first: all of them, as a ranking.

    Args:
        items: Of a version; those that testing uses take no part, nor do those without a label.
        features: Of the same items.
        field: Type or colour.
    """
    is_type = field is FixField.IMAGE_TYPE
    index = np.array(
        [
            number
            for number, item in enumerate(items)
            if item.split is not Split.TEST and (is_type or item.color is not None)
        ],
        np.int64,
    )
    chosen = [items[number] for number in index]
    names = [str(one) for one in (IMAGE_TYPES if is_type else COLORS)]
    given = [str(item.image_type if is_type else item.color) for item in chosen]
    present = [name for name in names if name in given]
    if len(present) < 2:
        return []  # nothing that a label could be mistaken for
    labels = np.array([present.index(name) for name in given])
    seen = (features.of_type if is_type else features.of_color)[index]
    units = ["\0".join(unit_of(one.advertiser, one.group, one.key)) for one in chosen]
    probs = out_of_fold(seen, labels, units)
    scores, is_issue = rank(labels, probs)
    return [
        Suspect(
            item=chosen[number],
            field=field,
            given=present[labels[number]],
            likely=present[_best_other(probs[number], labels[number])],
            score=float(scores[number]),
            is_issue=bool(is_issue[number]),
        )
        for number in np.argsort(scores, kind="stable")
    ]


def out_of_fold(
    features: NDArray[np.float32], labels: NDArray[np.int64], units: Sequence[str]
) -> NDArray[np.float64]:
    """Return probabilities of each class by regressions that saw nothing of the picture's unit.

    Args:
        features: Shape (N, D).
        labels: Shape (N,), 0 to C - 1; every class occurs.
        units: Of each picture: what is never divided between folds.

    Returns:
        Shape (N, C). A class that only the held-out fold knows has probability 0 there.
    """
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415  # slow to import
    from sklearn.model_selection import StratifiedGroupKFold  # noqa: PLC0415
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415
    from sklearn.preprocessing import StandardScaler  # noqa: PLC0415

    groups = np.unique(np.array(units), return_inverse=True)[1]
    classes = int(labels.max()) + 1
    probs = np.full((len(labels), classes), 1 / classes)
    most = int(np.bincount(labels).max())
    if most < 2:
        return probs  # nothing to learn a class from
    folds = min(FOLDS, most, int(groups.max()) + 1)
    if folds < 2:
        folds, groups = min(FOLDS, most), np.arange(len(labels))  # one advertiser only
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=_SEED)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # rare classes, and regressions that need more steps
        for seen, held in splitter.split(features, labels, groups):
            known = np.unique(labels[seen])
            if len(known) < 2:
                continue
            model = make_pipeline(
                StandardScaler(), LogisticRegression(C=_STRENGTH, max_iter=200)
            ).fit(features[seen], labels[seen])
            probs[held] = 0.0
            probs[np.ix_(held, known)] = model.predict_proba(features[held])
    return probs


def rank(
    labels: NDArray[np.int64], probs: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return how well each label fits (-1 to 1, low is suspect), and which are likely errors."""
    from cleanlab.filter import find_label_issues  # noqa: PLC0415  # slow to import
    from cleanlab.rank import get_label_quality_scores  # noqa: PLC0415

    quality = get_label_quality_scores(labels, probs, method="normalized_margin")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        issues = find_label_issues(labels, probs, filter_by="confident_learning", n_jobs=1)
    return np.asarray(2 * quality - 1), np.asarray(issues, bool)


def _best_other(probs: NDArray[np.float64], label: int) -> int:
    others = probs.copy()
    others[label] = -1
    return int(others.argmax())
