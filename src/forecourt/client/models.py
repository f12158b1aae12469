"""Models: which there are, and which one is the champion."""

from __future__ import annotations

from collections.abc import Iterator

from forecourt.client.answers import Models as ModelList
from forecourt.client.answers import Promoted, Promotion
from forecourt.client.operations import Operations, segment
from forecourt.client.transport import Call


class Models(Operations):
    """Operations on models."""

    def list_models(self) -> ModelList:
        """Return all models, and the version that the server answers with."""
        models: ModelList = self._get("/v1/models")
        return models

    def iter_promotions(self) -> Iterator[Promotion]:
        """Yield promotions and rollbacks, the latest first."""
        return self._iterate("/v1/promotions")

    def get_card(self, version: str) -> str:
        """Return a model's card, in Markdown."""
        call = Call(method="GET", path=f"/v1/models/{segment(version)}/card", may_repeat=True)
        return self._transport.send(call).text

    def promote(
        self,
        version: str,
        *,
        note: str = "",
        retag: bool = False,
        idempotency_key: str | None = None,
    ) -> Promoted:
        """Make a model the champion. Requests in flight finish on the model they began with.

        `retag`: stored images are answered anew by it, in the background.
        """
        path = f"/v1/models/{segment(version)}/promote"
        promoted: Promoted = self._post_once(path, {"note": note, "retag": retag}, idempotency_key)
        return promoted

    def roll_back(self, *, note: str = "", idempotency_key: str | None = None) -> Promoted:
        """Make the champion before the present one the champion again."""
        promoted: Promoted = self._post_once("/v1/models/rollback", {"note": note}, idempotency_key)
        return promoted
