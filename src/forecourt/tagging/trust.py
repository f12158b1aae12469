"""The hosts of one run: how far their headers are believed, and what was seen of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import datetime

import sqlalchemy as sa

from forecourt.core.records import ImageFacts
from forecourt.core.settings import FetchSettings
from forecourt.identity.hosts import (
    HostRecord,
    HostState,
    Observation,
    must_read_body,
    observe,
)
from forecourt.identity.keys import etag_md5, is_md5_of
from forecourt.store import hosts as stored_hosts

Sighting = tuple[str, Observation]


class HostBook:
    """Trust records of the hosts met in a run, kept in step with the store."""

    def __init__(self, settings: FetchSettings, scrape_id: int) -> None:
        self._settings = settings
        self._scrape_id = scrape_id
        self._records: dict[str, HostRecord] = {}
        self._passes = 0
        self._admitted: Counter[str] = Counter()

    def start_pass(self) -> None:
        """Begin another pass over the pending images: see `admits`."""
        self._passes += 1
        self._admitted.clear()

    def admits(self, host: str) -> bool:
        """Whether one more image that is known by headers may be asked for in this pass.

        Of an unproven host, only as many as would prove it (or are in flight at once in any case):
        each costs its body, and once the host is proved the others cost none, so they wait for the
        next pass. The number doubles with every pass: a host that proves nothing does not hold its
        images up for long.
        """
        record = self._records[host]
        if record.state is not HostState.UNPROVEN:
            return True
        enough = max(self._settings.per_host, self._settings.verify_first - record.proofs)
        if self._admitted[host] >= enough << (self._passes - 1):
            return False
        self._admitted[host] += 1
        return True

    def load(self, connection: sa.Connection, names: Collection[str]) -> None:
        """Read the records of hosts that were not met before."""
        unknown = [name for name in names if name not in self._records]
        stored = stored_hosts.load_hosts(connection, unknown)
        for name in unknown:
            self._records[name] = _record(name, stored.get(name))

    def must_read(self, host: str, url_key: str, *, is_fixed: bool) -> bool:
        """Whether a body is read although the headers may say that the image is known."""
        return must_read_body(
            self._records[host],
            url_key,
            self._scrape_id,
            verify_share=self._settings.verify_share,
            is_fixed=is_fixed,
        )

    def uses_headers(self, host: str) -> bool:
        """Whether header keys of the host are kept at all."""
        return self._records[host].state is not HostState.BYTES_ONLY

    def state(self, host: str) -> HostState:
        """How far the host's headers are trusted."""
        return self._records[host].state

    def etag_is_md5(self, host: str) -> bool:
        """Whether the host's entity tags have proved to be MD5 sums."""
        return self._records[host].etag_is_md5

    def learn(
        self, connection: sa.Connection, sightings: Sequence[Sighting], *, at: datetime
    ) -> list[str]:
        """Add sightings to the stored records.

        Returns:
            The hosts whose headers this run believed until now, and which lost their header keys.
        """
        names = {host for host, _seen in sightings}
        # Read again inside the transaction: another process may have learnt something meanwhile.
        stored = stored_hosts.load_hosts(connection, names, for_update=True)
        distrusted = []
        for name in sorted(names):
            # Another process may have found the host out: this run's own belief ends only here.
            was_believed = self.uses_headers(name)
            before = record = _record(name, stored.get(name))
            for host, seen in sightings:
                if host == name:
                    record = observe(record, seen, verify_first=self._settings.verify_first)
            if record != before:
                stored_hosts.save_host(
                    connection, name, state=record.state, record=asdict(record), at=at
                )
            self._records[name] = record
            if was_believed and not self.uses_headers(name):
                distrusted.append(name)
        return distrusted


def judge(
    host: str,
    *,
    facts: ImageFacts,
    body: bytes | None,
    claimed: int | None,
    actual: int | None,
    before: int | None,
    has_header_keys: bool,
    has_false_digest: bool,
) -> list[Sighting]:
    """Return what one answer showed of its host.

    Args:
        host: Who answered.
        facts: Headers of the answer.
        body: None where the headers were believed.
        claimed: Image that the headers name, or None.
        actual: Stored image that the body is, or None for new bytes.
        before: Image that the same URL showed before under a header key, or None.
        has_header_keys: Whether the headers give any key.
        has_false_digest: The headers name a digest that the body does not have.
    """
    if body is None:
        return [(host, Observation.HIT)]
    sightings: list[Sighting] = []
    md5 = etag_md5(facts.headers)
    if md5 is not None:
        seen = Observation.MD5_ETAG if is_md5_of(body, md5) else Observation.OTHER_ETAG
        sightings.append((host, seen))
    if has_false_digest:
        sightings.append((host, Observation.LIE))
    if not has_header_keys:
        return sightings
    if claimed is not None:
        sightings.append((host, Observation.PROOF if claimed == actual else Observation.LIE))
    elif before is not None:
        sightings.append((host, Observation.CHURN if before == actual else Observation.CHANGE))
    return sightings


def _record(host: str, stored: dict[str, object] | None) -> HostRecord:
    if stored is None:
        return HostRecord(host=host)
    state = HostState(str(stored["state"]))
    return HostRecord(**(stored | {"state": state}))  # type: ignore[arg-type]
