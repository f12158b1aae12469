"""Dataset versions: which there are, looking through one, deciding on its pictures."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Path, Query, Request, Response

from forecourt import access
from forecourt.core.access import Scope, check_may_for_all
from forecourt.core.audit import AuditAction
from forecourt.core.dataset import Split, Verdict
from forecourt.core.errors import UsageError
from forecourt.core.labels import ImageType
from forecourt.core.records import LONGEST_ADVERTISER
from forecourt.dataset import looking
from forecourt.dataset.balance import find_shortages
from forecourt.dataset.forms import decision_to_json, looked_to_json, summary_to_json
from forecourt.jobs.looking import OpenVersion, find_summary, open_for_looking, read_card
from forecourt.store import datasets as stored
from forecourt.store.engine import reading
from forecourt.store.versions import datasets_folder, list_versions
from forecourt.web.api.bodies import BoundedRoute
from forecourt.web.api.dataset_forms import (
    DatasetDetailOut,
    DatasetItemOut,
    DatasetsOut,
    DecisionIn,
    DecisionOut,
    DecisionsOut,
    DecisionUndoIn,
)
from forecourt.web.api.fields import TEXT, ColorWord, to_color
from forecourt.web.api.idempotency import IdempotencyKey, Once, run_once
from forecourt.web.api.paging import (
    Cursor,
    Limit,
    Page,
    make_cursor,
    make_place,
    read_cursor,
    read_place,
)
from forecourt.web.auth import Caller
from forecourt.web.problems import describe
from forecourt.web.service import Served, Service

router = APIRouter(
    tags=["datasets"], route_class=BoundedRoute, responses=describe(401, 403, 413, 422, 429, 503)
)
_MARKDOWN = "text/markdown"
_JPEG = "image/jpeg"
_FOR_A_YEAR = "private, max-age=31536000, immutable"
_NONE_HERE = (
    "This server has no dataset version. `forecourt dataset build` makes one below FORECOURT_HOME; "
    "where that is done on another machine, let this server see its folder `datasets`."
)

Dataset = Annotated[
    str,
    Path(
        alias="dataset",
        min_length=1,
        max_length=100,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*$",
        description="Name of the version.",
    ),
]
Key = Annotated[
    str, Path(pattern="^[0-9a-f]{64}$", description="SHA-256 of the picture's original file.")
]


@router.get("/datasets", response_model=DatasetsOut)
def list_datasets(service: Served, caller: Caller) -> Any:
    """List the dataset versions that this server has, the newest first. Staff only."""
    check_may_for_all(caller, Scope.READ)
    found = list_versions(datasets_folder(service.settings.home))
    items = [summary_to_json(one) for one in reversed(found)]
    return {"items": items, "warnings": [] if items else [_NONE_HERE]}


@router.get("/datasets/{dataset}", response_model=DatasetDetailOut, responses=describe(404, 409))
def get_dataset(service: Served, caller: Caller, dataset: Dataset) -> Any:
    """Tell what a version holds, what to collect next, and how far it was looked through."""
    opened = _open(service, caller, dataset)
    with reading(service.engine) as connection:
        decided = stored.load_standing(connection, list(opened.doubts))
    ranking = opened.ranking
    return {
        **summary_to_json(opened.version.summary),
        "collect": [asdict(one) for one in find_shortages(opened.version.items)],
        "review": {
            "ranked_at": ranking and ranking.made_at,
            "model_version": ranking and ranking.model_version,
            "doubtful": len(opened.doubts),
            "decided": len(decided),
        },
    }


@router.get(
    "/datasets/{dataset}/card",
    response_class=Response,
    responses={
        200: {
            "description": "What it holds and how it was made, for people.",
            "content": {
                _MARKDOWN: {
                    "schema": {"type": "string"},
                    "example": "# Dataset version 2026.12\n",
                }
            },
        },
        **describe(404),
    },
)
def get_dataset_card(service: Served, caller: Caller, dataset: Dataset) -> Response:
    """Return the card of a version, in Markdown."""
    check_may_for_all(caller, Scope.READ)
    card = read_card(service.settings.home, dataset)
    return Response(card, media_type=f"{_MARKDOWN}; charset=utf-8")


@router.get(
    "/datasets/{dataset}/items",
    response_model=Page[DatasetItemOut],
    responses=describe(404, 409),
)
def list_dataset_items(
    service: Served,
    caller: Caller,
    dataset: Dataset,
    only: Annotated[
        Literal["doubtful", "all"],
        Query(description="`doubtful`: labels that are likely wrong, the worst first."),
    ] = "doubtful",
    decided: Annotated[
        bool | None, Query(description="Only pictures on which a decision stands, or none does.")
    ] = None,
    split: Annotated[Split | None, Query(description="Only of this split.")] = None,
    image_type: Annotated[
        ImageType | None, Query(description="Only pictures that are labelled so.")
    ] = None,
    color: Annotated[
        ColorWord | None,
        Query(description="Only pictures that are labelled so; `none`: without a colour."),
    ] = None,
    advertiser: Annotated[
        str | None,
        Query(max_length=LONGEST_ADVERTISER, pattern=TEXT, description="Only of this one."),
    ] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Any:
    """List pictures to look through. Decisions made meanwhile neither hide nor repeat any."""
    opened = _open(service, caller, dataset)
    wanted = looking.Wanted(
        split=split,
        image_type=image_type,
        color=None if color is None else to_color(color),
        sets_color=color is not None,
        advertiser=advertiser,
        is_decided=decided,
    )
    place = read_place(cursor, 1)
    doubtful = [one.item for one in opened.doubts.values()]
    with reading(service.engine) as connection:
        page = looking.look_through(
            connection,
            doubtful if only == "doubtful" else opened.version.items,
            opened.doubts,
            wanted,
            place=place[0] if place else 0,
            limit=limit,
        )
    following = None if page.next_place is None else make_place(page.next_place)
    return {"items": [looked_to_json(one) for one in page.shown], "next_cursor": following}


@router.get(
    "/datasets/{dataset}/pictures/{key}",
    response_class=Response,
    responses={
        200: {
            "description": "A JPEG of at most 640 pixels.",
            "content": {
                _JPEG: {"schema": {"type": "string", "format": "binary"}, "example": "JPEG"}
            },
        },
        **describe(404, 409),
    },
)
def get_dataset_picture(service: Served, caller: Caller, dataset: Dataset, key: Key) -> Response:
    """Return a picture of a version; what was imported is encoded anew."""
    opened = _open(service, caller, dataset)
    return answer_with_picture(opened, key)


def answer_with_picture(opened: OpenVersion, key: str) -> Response:
    """Return a picture as an answer that browsers keep, and take for nothing but a picture."""
    data = looking.read_picture(opened.version, opened.get(key))
    headers = {"Cache-Control": _FOR_A_YEAR, "X-Content-Type-Options": "nosniff"}
    return Response(data, media_type=_JPEG, headers=headers)


@router.get(
    "/datasets/{dataset}/decisions",
    response_model=Page[DecisionOut],
    responses=describe(404),
)
def list_decisions(
    service: Served, caller: Caller, dataset: Dataset, cursor: Cursor = None, limit: Limit = 50
) -> Any:
    """List what people decided on a version, the latest first; also what was taken back."""
    check_may_for_all(caller, Scope.READ)
    find_summary(service.settings.home, dataset)
    with reading(service.engine) as connection:
        found = stored.list_decisions(
            connection, dataset, before=read_cursor(cursor), limit=limit + 1
        )
    shown = found[:limit]
    following = shown[-1].id if len(found) > limit else None
    return {
        "items": [decision_to_json(one) for one in shown],
        "next_cursor": make_cursor(following),
    }


@router.post(
    "/datasets/{dataset}/decisions",
    status_code=201,
    response_model=DecisionsOut,
    responses=describe(404, 409),
)
def create_decisions(
    service: Served,
    caller: Caller,
    request: Request,
    response: Response,
    dataset: Dataset,
    body: DecisionIn,
    idempotency_key: IdempotencyKey = None,
) -> Any:
    """Keep, drop or relabel pictures: the next build applies it. Staff only."""
    check_may_for_all(caller, Scope.FIX)
    opinion = body.to_opinion()
    if opinion.verdict is not Verdict.RELABEL and (opinion.image_type or opinion.sets_color):
        raise UsageError("Give a type or a colour with the verdict `relabel`, and with no other.")
    opened = open_for_looking(service.settings.home, dataset)
    items = [opened.get(key) for key in dict.fromkeys(body.keys)]

    def act(connection: sa.Connection) -> dict[str, Any]:
        now = datetime.now(UTC)
        kept = looking.decide(connection, opened.version, items, opinion, by=caller.name, at=now)
        access.audit(
            connection,
            caller,
            AuditAction.DATASET_DECIDE,
            at=now,
            target=dataset,
            detail={"verdict": opinion.verdict, "pictures": len(kept), "first": kept[0].id},
            request_id=request.state.request_id,
        )
        return _decisions_to_json([decision_to_json(one) for one in kept])

    once = Once(caller, idempotency_key, ("decide", dataset, body.model_dump_json()))
    return run_once(service, once, response, act, status=201)


@router.post(
    "/datasets/{dataset}/decisions/undo",
    status_code=201,
    response_model=DecisionsOut,
    responses=describe(404, 409),
)
def undo_decisions(
    service: Served,
    caller: Caller,
    request: Request,
    response: Response,
    dataset: Dataset,
    body: DecisionUndoIn,
    idempotency_key: IdempotencyKey = None,
) -> Any:
    """Take decisions back, whoever made them; answers with what stands again in their place."""
    check_may_for_all(caller, Scope.FIX)
    ids = sorted(set(body.ids))

    def act(connection: sa.Connection) -> dict[str, Any]:
        now = datetime.now(UTC)
        standing = looking.undo(connection, dataset, ids, by=caller.name, at=now)
        access.audit(
            connection,
            caller,
            AuditAction.DATASET_UNDO,
            at=now,
            target=dataset,
            detail={"decisions": len(ids), "first": ids[0]},
            request_id=request.state.request_id,
        )
        return _decisions_to_json([decision_to_json(one) for one in standing])

    once = Once(caller, idempotency_key, ("undo decisions", dataset, body.model_dump_json()))
    return run_once(service, once, response, act, status=201)


def _open(service: Service, caller: Caller, dataset: str) -> OpenVersion:
    check_may_for_all(caller, Scope.READ)
    return open_for_looking(service.settings.home, dataset)


def _decisions_to_json(items: list[dict[str, Any]]) -> dict[str, Any]:
    """Return decisions so that the answer can be kept, which is done as JSON."""
    return DecisionsOut.model_validate({"items": items}).model_dump(mode="json")
