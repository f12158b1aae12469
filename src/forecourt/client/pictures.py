"""Pictures that are asked about just now, without an inventory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import islice
from typing import Literal

from forecourt.client.answers import Classification, Classified
from forecourt.client.operations import Operations
from forecourt.client.transport import Call
from forecourt.client.uploads import Upload, open_upload

MOST = 256  # pictures of one request

Recheck = Literal["auto", "always", "never"]


class Pictures(Operations):
    """Operations on pictures."""

    def classify(self, urls: Sequence[str], *, recheck: Recheck = "auto") -> Classification:
        """Return an answer, or a reason, for each of up to 256 URLs, all by one model.

        `recheck` says of pictures that are known whether their host is asked if they still are
        the same.
        """
        body = {"urls": list(urls), "recheck": recheck}
        classification: Classification = self._post("/v1/classify", body, again=True)
        return classification

    def iter_classified(
        self, urls: Iterable[str], *, recheck: Recheck = "auto", at_once: int = MOST
    ) -> Iterator[Classified]:
        """Yield an answer, or a reason, for each of any number of URLs, in their order."""
        remaining = iter(urls)
        while chunk := list(islice(remaining, at_once)):
            yield from self.classify(chunk, recheck=recheck)["results"]

    def classify_files(self, files: Sequence[Upload]) -> Classification:
        """Return an answer, or a reason, for each of up to 256 files."""
        with ExitStack() as stack:
            call = Call(
                method="POST",
                path="/v1/classify",
                files=[("files", open_upload(one, stack)) for one in files],
                may_repeat=True,
            )
            classification: Classification = self._transport.ask(call)
        return classification
