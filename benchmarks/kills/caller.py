"""The other side: a system that posts scrapes and fixes, and insists on an answer."""

from __future__ import annotations

import json
import random
import threading
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import httpx

_PATIENCE_S = 120.0
_PER_VEHICLE = 20


@dataclass
class Posted:
    """A scrape that was accepted, and when it last moved."""

    id: int
    advertiser: str
    urls: list[str]
    done: int = -1
    status: str = "accepted"
    moved_at: float = field(default_factory=time.monotonic)
    longest: tuple[float, float] = (0.0, 0.0)  # the longest standstill, from and to

    def note(self, seen: dict[str, Any]) -> None:
        now = time.monotonic()
        if self.status != "finished":
            self.longest = max(self.longest, (self.moved_at, now), key=lambda one: one[1] - one[0])
        if (seen["done"], seen["status"]) != (self.done, self.status):
            self.done, self.status, self.moved_at = seen["done"], seen["status"], now


class Caller:
    """Posts until it is answered, under one Idempotency-Key for all attempts."""

    def __init__(self, base: str, key: str) -> None:
        self._client = httpx.Client(
            base_url=base, headers={"Authorization": f"Bearer {key}"}, timeout=20
        )
        self.scrapes: list[Posted] = []
        self.fixes: list[tuple[str, str, str]] = []  # advertiser, url, colour
        self._lock = threading.Lock()

    def close(self) -> None:
        self._client.close()

    def wait_until_up(self) -> None:
        self._insist(lambda: self._client.get("/readyz"), {200})

    def post_scrape(self, advertiser: str, urls: list[str]) -> None:
        vehicles = [
            {"id": f"v{start}", "images": urls[start : start + _PER_VEHICLE]}
            for start in range(0, len(urls), _PER_VEHICLE)
        ]
        body = json.dumps({"vehicles": vehicles})
        headers = {"Idempotency-Key": uuid.uuid4().hex, "Content-Type": "application/json"}
        path = f"/v1/advertisers/{advertiser}/scrapes"
        answer = self._insist(lambda: self._client.post(path, content=body, headers=headers), {202})
        with self._lock:
            self.scrapes.append(Posted(answer["id"], advertiser, urls))

    def post_fix(self, rng: random.Random) -> None:
        with self._lock:
            scrape = rng.choice(self.scrapes)
        url, color = rng.choice(scrape.urls), rng.choice(["Red", "Blue", "Green", "Orange"])
        body = {"advertiser": scrape.advertiser, "url": url, "color": color, "image_type": "Dealer"}
        headers = {"Idempotency-Key": uuid.uuid4().hex}
        self._insist(lambda: self._client.post("/v1/fixes", json=body, headers=headers), {201})
        with self._lock:
            self.fixes.append((scrape.advertiser, url, color))

    def look(self) -> None:
        """See how far all scrapes are; a server that is down is asked again later."""
        for scrape in list(self.scrapes):
            if scrape.status == "finished":
                continue
            try:
                answer = self._client.get(f"/v1/scrapes/{scrape.id}")
                if answer.status_code == 200:
                    scrape.note(answer.json())
            except httpx.TransportError:
                return

    @property
    def unfinished(self) -> list[Posted]:
        return [one for one in self.scrapes if one.status != "finished"]

    def read_results(self, scrape: Posted) -> list[dict[str, Any]]:
        answer = self._client.get(f"/v1/scrapes/{scrape.id}/results")
        answer.raise_for_status()
        return [json.loads(line) for line in answer.text.splitlines()]

    def count_fixes(self, advertiser: str) -> Counter[tuple[str, str]]:
        """Return how often the history has each fix of a colour."""
        found: Counter[tuple[str, str]] = Counter()
        cursor: str | None = None
        while True:
            query: dict[str, str | int] = {"advertiser": advertiser, "limit": 500}
            answer = self._client.get(
                "/v1/fixes", params=query | ({"cursor": cursor} if cursor else {})
            )
            answer.raise_for_status()
            page = answer.json()
            found.update(
                (one["url"], one["to"]) for one in page["items"] if one["field"] == "color"
            )
            cursor = page["next_cursor"]
            if cursor is None:
                return found

    def _insist(self, ask: Any, wanted: set[int]) -> Any:
        until = time.monotonic() + _PATIENCE_S
        said: object = "nothing"
        while time.monotonic() < until:
            try:
                answer = ask()
                if answer.status_code in wanted:
                    return answer.json()
                said = answer.text
                assert answer.status_code >= 500, answer.text
            except httpx.TransportError as error:
                said = repr(error)
            time.sleep(0.1)
        raise AssertionError(f"no answer in {_PATIENCE_S:.0f} s; last: {said}")
