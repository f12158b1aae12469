"""A server whose digests are false harms nobody but itself."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

import pytest

from forecourt.jobs.tasks import accept_feed, tag
from forecourt.jobs.workspace import Workspace
from forecourt.sitemap import iter_sitemap
from forecourt.store.engine import reading
from forecourt.store.hosts import list_hosts
from tests.support.image_host import ImageHost
from tests.support.pictures import jpeg
from tests.support.tiny_bundle import PAINTS


def digest(body: bytes) -> dict[str, str]:
    return {"Repr-Digest": f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"}


def run(workspace: Workspace, folder: Path, number: int, url: str) -> str | None:
    feed = folder / f"{number}.json"
    vehicles = [{"id": "one", "images": [url]}]
    feed.write_text(json.dumps({"advertiser": "acme", "n": number, "vehicles": vehicles}))
    accepted = accept_feed(workspace, feed, advertiser=None, on_refused=pytest.fail)
    tag(workspace, accepted.scrape.id)
    with reading(workspace.engine) as connection:
        (entry,) = iter_sitemap(connection, "acme", model_version=workspace.champion.version)
        return entry.images[0].resolved.color.value


def test_false_digest_is_a_lie_of_its_own_host_only(
    host: ImageHost, workspace: Workspace, tmp_path: Path
) -> None:
    red, blue = jpeg(PAINTS["Red"]), jpeg(PAINTS["Blue"])
    with ImageHost() as liar:
        assert run(workspace, tmp_path, 1, liar.put("/a.jpg", blue, headers=digest(red))) == "Blue"
        assert run(workspace, tmp_path, 2, host.put("/a.jpg", red, headers=digest(red))) == "Red"
        with reading(workspace.engine) as connection:
            states = {one["host"]: one["state"] for one in list_hosts(connection)}
        assert states[f"127.0.0.1:{liar.port}"] == "bytes_only"
        assert states.get(f"127.0.0.1:{host.port}", "unproven") == "unproven"


def test_a_host_that_begins_to_send_digests_does_not_churn(
    host: ImageHost, workspace: Workspace, tmp_path: Path
) -> None:
    body = jpeg(PAINTS["Red"])
    run(workspace, tmp_path, 1, host.put("/a.jpg", body))
    run(workspace, tmp_path, 2, host.put("/a.jpg", body, headers=digest(body)))
    with reading(workspace.engine) as connection:
        assert [one["churns"] for one in list_hosts(connection)] in ([], [0])
