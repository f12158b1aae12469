"""Challengers beside the champion, and stored images answered anew."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from forecourt.client.operations import Operations, given, segment
from forecourt.client.trial_answers import (
    Agreement,
    Canaries,
    CanaryStep,
    Disagreement,
    Retag,
    ShadowStep,
)


class Trials(Operations):
    """Operations on challengers and re-tags."""

    def start_shadow(
        self,
        version: str,
        *,
        share: float = 1.0,
        note: str = "",
        idempotency_key: str | None = None,
    ) -> ShadowStep:
        """Let a challenger answer what scrapes bring; nobody is shown what it says."""
        path = f"/v1/models/{segment(version)}/shadow"
        step: ShadowStep = self._post_once(path, {"share": share, "note": note}, idempotency_key)
        return step

    def stop_shadow(self, *, note: str = "", idempotency_key: str | None = None) -> ShadowStep:
        """Let no challenger answer in the shadow any more."""
        step: ShadowStep = self._post_once("/v1/shadow/stop", {"note": note}, idempotency_key)
        return step

    def iter_shadow_steps(self) -> Iterator[ShadowStep]:
        """Yield who was in the shadow when, the latest first; the first one says who is."""
        return self._iterate("/v1/shadow")

    def get_agreement(
        self, version: str, *, against: str | None = None, advertiser: str | None = None
    ) -> Agreement:
        """Return how often a model says what the champion says, or another model."""
        path = f"/v1/models/{segment(version)}/agreement"
        found: Agreement = self._get(path, given(against=against, advertiser=advertiser))
        return found

    def iter_disagreements(
        self, version: str, *, against: str | None = None, advertiser: str | None = None
    ) -> Iterator[Disagreement]:
        """Yield images of which a model says something else, the latest first."""
        path = f"/v1/models/{segment(version)}/disagreements"
        return self._iterate(path, given(against=against, advertiser=advertiser))

    def start_canary(
        self,
        version: str,
        advertisers: Sequence[str],
        *,
        retag: bool = False,
        note: str = "",
        idempotency_key: str | None = None,
    ) -> Canaries:
        """Let a challenger answer advertisers in the champion's place."""
        path = f"/v1/models/{segment(version)}/canary"
        body = {"advertisers": list(advertisers), "retag": retag, "note": note}
        steps: Canaries = self._post_once(path, body, idempotency_key)
        return steps

    def drop_canaries(
        self,
        advertisers: Sequence[str] | None = None,
        *,
        note: str = "",
        idempotency_key: str | None = None,
    ) -> Canaries:
        """Let the champion answer advertisers again; None: all of them."""
        named = None if advertisers is None else list(advertisers)
        body = {"advertisers": named, "note": note}
        steps: Canaries = self._post_once("/v1/canaries/drop", body, idempotency_key)
        return steps

    def list_canaries(self) -> Canaries:
        """Return the advertisers that a challenger answers now."""
        steps: Canaries = self._get("/v1/canaries")
        return steps

    def iter_canary_steps(self) -> Iterator[CanaryStep]:
        """Yield what was done about canaries, the latest first."""
        return self._iterate("/v1/canaries/history")

    def request_retag(
        self,
        model_version: str | None = None,
        *,
        advertiser: str | None = None,
        idempotency_key: str | None = None,
    ) -> Retag:
        """Have stored images answered anew, in the background; None: by whichever answers."""
        body = given(model_version=model_version, advertiser=advertiser)
        retag: Retag = self._post_once("/v1/retags", body, idempotency_key)
        return retag

    def iter_retags(self) -> Iterator[Retag]:
        """Yield re-tags and how far they are, the latest first."""
        return self._iterate("/v1/retags")

    def get_retag(self, retag_id: int) -> Retag:
        """Return how far a re-tag is."""
        retag: Retag = self._get(f"/v1/retags/{retag_id}")
        return retag

    def cancel_retag(self, retag_id: int) -> Retag:
        """Cancel a re-tag; what is answered stays."""
        retag: Retag = self._post(f"/v1/retags/{retag_id}/cancel", again=True)
        return retag
