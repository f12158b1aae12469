"""Scrapes: sent, watched, read, cancelled, retried."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

from forecourt.client.answers import Accepted, ResultLine, Scrape
from forecourt.client.errors import ApiError, UnreachableError, WaitTimeoutError
from forecourt.client.operations import Operations, once, segment
from forecourt.client.transport import Call, File
from forecourt.client.uploads import Upload, open_upload

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 5.0

Feed = Upload | Mapping[str, Any] | Sequence[Mapping[str, Any]]


class Scrapes(Operations):
    """Operations on scrapes."""

    def post_scrape(
        self,
        advertiser: str,
        feed: Feed,
        *,
        name: str | None = None,
        allow_empty: bool = False,
        priority: int = 0,
        idempotency_key: str | None = None,
    ) -> Accepted:
        """Send an inventory. Once this returns it will be tagged, whatever happens to the server.

        Args:
            advertiser: Whose.
            feed: A path, a file open in binary mode or bytes, in any format of docs/feeds.md; or a
                scrape as a dict, or its vehicles as a list.
            name: What to call the feed; None: as the file is called.
            allow_empty: A feed without vehicles means an empty inventory.
            priority: Higher ones are tagged first; staff only.
            idempotency_key: The same for the same scrape, if the program may be started anew
                before it has the answer; None: one that is new.

        Raises:
            ApiError: it is refused; `extra["refused_rows"]` says which rows could not be used.
            UnreachableError: no answer.
        """
        with ExitStack() as stack:
            body: Any = None
            files: list[File] | None = None
            if isinstance(feed, Mapping) or (
                isinstance(feed, Sequence) and not isinstance(feed, str | bytes)
            ):
                body = feed
            else:
                files = [("feed", open_upload(feed, stack, name=name))]
            call = Call(
                method="POST",
                path=f"/v1/advertisers/{segment(advertiser)}/scrapes",
                params={"allow_empty": allow_empty or None, "priority": priority or None},
                json=body,
                files=files,
                headers=once(idempotency_key),
                may_repeat=True,
            )
            accepted: Accepted = self._transport.ask(call)
        return accepted

    def iter_scrapes(self, advertiser: str) -> Iterator[Scrape]:
        """Yield an advertiser's scrapes, the latest first."""
        return self._iterate(f"/v1/advertisers/{segment(advertiser)}/scrapes")

    def get_scrape(self, scrape_id: int) -> Scrape:
        """Return how far a scrape is."""
        scrape: Scrape = self._get(f"/v1/scrapes/{scrape_id}")
        return scrape

    def iter_results(self, scrape_id: int) -> Iterator[ResultLine]:
        """Yield what a scrape has brought so far, image by image, as it comes over the network.

        An image that nobody has come to yet has the skip reason `pending`.

        Raises:
            ApiError: there is no such scrape (404), or a later one has taken its place (409).
            UnreachableError: no answer, or it broke off: what came before was right.
        """
        path = f"/v1/scrapes/{scrape_id}/results"
        with self._transport.stream(Call(method="GET", path=path, may_repeat=True)) as lines:
            for line in lines:
                yield json.loads(line)

    def cancel_scrape(self, scrape_id: int) -> Scrape:
        """Stop a scrape after the images at hand. What is tagged stays tagged."""
        scrape: Scrape = self._post(f"/v1/scrapes/{scrape_id}/cancel", again=True)
        return scrape

    def retry_scrape(self, scrape_id: int) -> Scrape:
        """Ask again for what was skipped, or let a cancelled scrape go on."""
        scrape: Scrape = self._post(f"/v1/scrapes/{scrape_id}/retry", again=True)
        return scrape

    def wait_for(
        self,
        scrape_id: int,
        *,
        timeout: float = 3_600.0,
        on_progress: Callable[[Scrape], object] | None = None,
    ) -> Scrape:
        """Wait until a scrape is finished or cancelled, and return it.

        A server that is down meanwhile is waited for.

        Args:
            scrape_id: Which.
            timeout: For how many seconds.
            on_progress: Called with the scrape whenever it has moved.

        Raises:
            WaitTimeoutError: it is not finished in time; it goes on all the same.
            ApiError: there is no such scrape.
        """
        until = time.monotonic() + timeout
        pause_s = _FIRST_PAUSE_S
        seen: Scrape | None = None
        while True:
            found = self._look(scrape_id)
            if found is not None and found != seen:
                seen = found
                if on_progress is not None:
                    on_progress(found)
                if found["status"] in {"finished", "cancelled"}:
                    return found
            if time.monotonic() + pause_s > until:
                raise WaitTimeoutError(_explain(scrape_id, timeout, seen), seen)
            time.sleep(pause_s)
            pause_s = min(_LONGEST_PAUSE_S, pause_s * 1.5)

    def _look(self, scrape_id: int) -> Scrape | None:
        try:
            return self.get_scrape(scrape_id)
        except UnreachableError:
            return None
        except ApiError as error:
            if error.status == 429 or error.status >= 500:
                return None
            raise


def _explain(scrape_id: int, timeout: float, seen: Scrape | None) -> str:
    if seen is None:
        return f"The server did not answer about scrape {scrape_id} within {timeout:.0f} s."
    return (
        f"Scrape {scrape_id} is not finished after {timeout:.0f} s: {seen['done']} of "
        f"{seen['images']} images are done. It goes on; wait again."
    )
