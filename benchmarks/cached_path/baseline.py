"""The same endpoint as FastAPI's and SQLAlchemy's tutorials would have it, over the same database.

Mapped classes, a session per request, Pydantic in and out, `def` endpoints. It is no straw man: one
query for all URLs with its relations loaded in bulk, no query per row, the API key checked by its
digest as we do. It leaves out what a plain service has not: rate limits, logs, metrics, problem
documents, answers for URLs that are not fresh.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import Depends, FastAPI, Header, HTTPException
from pydantic import BaseModel, Field
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    mapped_column,
    relationship,
    selectinload,
    sessionmaker,
)

from forecourt.identity.urls import make_url_key


class Base(DeclarativeBase):
    pass


class ApiKey(Base):
    __tablename__ = "api_keys"
    id: Mapped[str] = mapped_column(primary_key=True)
    secret_digest: Mapped[str]
    revoked_at: Mapped[datetime | None]


class Host(Base):
    __tablename__ = "hosts"
    host: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str]


class Url(Base):
    __tablename__ = "urls"
    url_key: Mapped[str] = mapped_column(primary_key=True)
    host: Mapped[str] = mapped_column(sa.ForeignKey("hosts.host"))
    image_id: Mapped[int | None]
    fresh_until: Mapped[datetime]
    trust: Mapped[Host] = relationship()
    predictions: Mapped[list[Answer]] = relationship(
        primaryjoin="foreign(Answer.image_id) == Url.image_id", viewonly=True, uselist=True
    )


class Answer(Base):
    __tablename__ = "predictions"
    image_id: Mapped[int] = mapped_column(primary_key=True)
    model_version: Mapped[str] = mapped_column(primary_key=True)
    image_type: Mapped[str]
    image_type_reason: Mapped[str]
    color: Mapped[str | None]
    review: Mapped[bool]
    answer: Mapped[dict[str, Any]] = mapped_column(sa.JSON)


class Question(BaseModel):
    urls: list[str] = Field(min_length=1, max_length=256)


class Result(BaseModel):
    source: str
    cached: bool
    status: str
    reason: str
    image_type: str
    image_type_probs: dict[str, float]
    color: str | None
    color_probs: dict[str, float]
    color_visible: float
    view_probs: dict[str, float]
    kind_probs: dict[str, float]
    several_vehicles: float | None
    review: bool
    box: list[float] | None
    model_version: str


class Reply(BaseModel):
    model_version: str
    results: list[Result]


engine = sa.create_engine(f"sqlite:///{os.environ['FORECOURT_HOME']}/forecourt.db")
MODEL_VERSION = os.environ["BASELINE_MODEL"]
make_session = sessionmaker(engine)
app = FastAPI()


def get_session() -> Iterator[Session]:
    with make_session() as session:
        yield session


Db = Annotated[Session, Depends(get_session)]


def check_key(session: Db, authorization: Annotated[str, Header()]) -> ApiKey:
    _kind, _, token = authorization.partition(" ")
    _prefix, key_id, secret = token.split("_", 2)
    key = session.get(ApiKey, key_id)
    digest = hashlib.sha256(secret.encode()).hexdigest()
    if key is None or key.revoked_at is not None or key.secret_digest != digest:
        raise HTTPException(401)
    return key


@app.get("/readyz")
def readyz() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/v1/classify")
def classify(body: Question, session: Db, _key: Annotated[ApiKey, Depends(check_key)]) -> Reply:
    keys = {url: make_url_key(url) for url in body.urls}
    rows = session.scalars(
        sa.select(Url)
        .where(Url.url_key.in_(keys.values()))
        .options(selectinload(Url.trust), selectinload(Url.predictions))
    )
    now = datetime.now(UTC).replace(tzinfo=None)
    found = {row.url_key: row for row in rows if row.fresh_until > now}
    results = []
    for url in body.urls:
        row = found[keys[url]]
        assert row.trust.state == "trusted"
        said = next(one for one in row.predictions if one.model_version == MODEL_VERSION)
        results.append(
            Result(
                source=url,
                cached=True,
                status="tagged",
                reason=said.image_type_reason,
                image_type=said.image_type,
                color=said.color,
                review=said.review,
                model_version=said.model_version,
                **{name: said.answer[name] for name in _ANSWER},
            )
        )
    return Reply(model_version=MODEL_VERSION, results=results)


_ANSWER = (
    "image_type_probs",
    "color_probs",
    "color_visible",
    "view_probs",
    "kind_probs",
    "several_vehicles",
    "box",
)
