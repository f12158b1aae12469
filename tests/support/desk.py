"""What staff and admins find on their pages: disagreements, hosts, oddities."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta

import sqlalchemy as sa

from forecourt import review
from forecourt.core.fixes import Actor, ActSource, NewAct
from forecourt.core.labels import Color, ImageType
from forecourt.core.records import Role
from forecourt.identity.hosts import HostRecord, HostState
from forecourt.store.engine import writing
from forecourt.store.hosts import save_host
from forecourt.store.schema import images
from tests.support.gate import START
from tests.support.shop import ACME
from tests.support.stocked import HOST

HOSTILE = "<img src=x onerror=alert(1)>"


def url_of(vehicle: int, position: int = 1) -> str:
    """An image that the stocked inventory of acme shows."""
    return f"https://{HOST}/{ACME}/{vehicle}/{position}.jpg"


def fix_as(
    engine: sa.Engine,
    role: Role,
    url: str,
    *,
    image_type: ImageType | None = None,
    color: Color | None = None,
    note: str = "",
    later_s: int = 0,
) -> int:
    """Let staff, or acme, fix one image of acme's; return the act."""
    is_own = role is Role.ADVERTISER
    actor = Actor(
        name="acme's owner" if is_own else "Ben", role=role, advertiser=ACME if is_own else None
    )
    at = START + timedelta(seconds=later_s)
    with writing(engine) as connection:
        done = review.fix_images(
            connection,
            NewAct(actor=actor, at=at, source=ActSource.API, note=note),
            advertiser=ACME,
            urls=[url],
            change=review.Change(image_type=image_type, color=color, sets_color=color is not None),
            model_version="m1",
        )
    return done.act_id


def dispute(engine: sa.Engine, *vehicles: int, note: str = HOSTILE) -> None:
    """Let acme and staff say different things of the type of one image of each vehicle."""
    for vehicle in vehicles:
        own = (Role.ADVERTISER, ImageType.PLACEHOLDER, note)
        for later, (role, image_type, why) in enumerate((own, (Role.STAFF, ImageType.STOCK, ""))):
            fix_as(engine, role, url_of(vehicle), image_type=image_type, note=why, later_s=later)


def add_hosts(engine: sa.Engine) -> list[HostRecord]:
    """Three hosts, one in each state; return them by name."""
    records = [
        HostRecord(
            host="cdn-a.example.com",
            state=HostState.BYTES_ONLY,
            why="same headers came with other bytes",
            hits=40,
            proofs=12,
            lies=1,
            churns=4,
        ),
        HostRecord(host="cdn-b.example.com:8443", hits=7, proofs=7),
        HostRecord(
            host="cdn-c.example.com",
            state=HostState.TRUSTED,
            why="50 header hits confirmed by the bytes",
            hits=12_310,
            proofs=170,
            changes=44,
        ),
    ]
    with writing(engine) as connection:
        for one in records:
            save_host(connection, one.host, state=one.state, record=asdict(one), at=START)
    return records


def count_images(engine: sa.Engine) -> int:
    """How many images the store has."""
    with engine.connect() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(images)) or 0
