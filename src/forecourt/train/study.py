"""Optuna's study of a run: which numbers the next candidate is trained with.

Each candidate's numbers are drawn from a seed of their own, so resuming draws the same ones.
"""

from __future__ import annotations

from pathlib import Path
from typing import Self

import optuna
from optuna.trial import TrialState

from forecourt.core.runs import RunRecord
from forecourt.train.space import Space

_FEW = 2  # drawn at random before Optuna's model of what works has anything to go by


class Study:
    """The study of a run, on disk; a context that closes its file.

    Args:
        path: The file.
        record: Of the run: its name, its seed, and the scores that Optuna may lack.
        space: What is tried.
    """

    def __init__(self, path: Path, record: RunRecord, space: Space) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._record, self._space = record, space
        self._storage = optuna.storages.RDBStorage(f"sqlite:///{path.absolute()}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._storage.remove_session()
        self._storage.engine.dispose()

    def ask(self, number: int) -> dict[str, float]:
        """Return the numbers of a candidate; of one that was begun, those that it began with."""
        study = self.tell(number)
        trials = study.get_trials(deepcopy=False)
        if not trials:
            study.enqueue_trial(dict(self._space.first()))
        elif len(trials) >= number and trials[number - 1].state is TrialState.RUNNING:
            begun = trials[number - 1]
            return self._space.draw(optuna.trial.Trial(study, begun._trial_id))  # noqa: SLF001
        return self._space.draw(study.ask())

    def tell(self, number: int = 0) -> optuna.Study:
        """Tell the scores that Optuna has not been told yet; return the study."""
        sampler = optuna.samplers.TPESampler(seed=self._record.seed + number, n_startup_trials=_FEW)
        study = optuna.create_study(
            storage=self._storage,
            study_name=self._record.name,
            sampler=sampler,
            direction="maximize",
            load_if_exists=True,
        )
        for trial in study.get_trials(deepcopy=False):
            known = self._record.find(trial.number + 1)
            if trial.state is TrialState.RUNNING and known is not None and known.outcome:
                study.tell(trial.number, known.outcome.score)
        return study
