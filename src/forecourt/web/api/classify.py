"""Pictures that are asked about just now, without an inventory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import anyio.to_thread
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.config import JsonDict
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from forecourt.core.access import Scope, check_may
from forecourt.core.labels import Color, ImageType
from forecourt.jobs.asking import Recheck
from forecourt.web.api.bodies import read_body
from forecourt.web.auth import Visiting, Visitor
from forecourt.web.problems import ProblemError, describe
from forecourt.web.service import Served, Service

router = APIRouter(tags=["classify"], responses=describe(401, 403, 413, 422, 429, 503))
_MOST = 256
_LONGEST_URL = 8_192
_FORM = "multipart/form-data"

Url = Annotated[str, Field(min_length=1, max_length=_LONGEST_URL)]


class ClassifyIn(BaseModel):
    """Which pictures."""

    model_config = ConfigDict(extra="forbid")

    urls: list[Url] = Field(min_length=1, max_length=_MOST)
    recheck: Recheck = Field(
        Recheck.AUTO,
        description="Of pictures that are known: ask their host only where its last answer no "
        "longer holds (`auto`), `always`, or `never`.",
    )


class ResultOut(BaseModel):
    """One picture: as a line of `forecourt classify --jsonl`, and whether it was known."""

    source: str = Field(description="URL or file name, as given.")
    cached: bool = Field(description="The answer was known; no model has looked just now.")
    status: str = Field(description="`tagged` or `skipped`.")
    reason: str = Field(description="The rule that decided, or why there is no answer.")
    image_type: ImageType | None
    image_type_probs: dict[ImageType, float] | None
    color: Color | None
    color_probs: dict[Color, float] | None
    color_visible: float | None
    color_second: Color | None
    color_between: bool | None
    view_probs: dict[str, float] | None
    kind_probs: dict[str, float] | None
    several_vehicles: float | None
    review: bool
    box: list[float] | None
    model_version: str


_RESULT: JsonDict = {
    "source": "https://img.example.com/stock-1/1.jpg",
    "cached": True,
    "status": "tagged",
    "reason": "most_probable",
    "image_type": "Dealer",
    "image_type_probs": {"Dealer": 0.98, "Stock": 0.015, "Placeholder": 0.005},
    "color": "Red",
    "color_probs": {"Red": 0.91, "Burgundy": 0.06, "Orange": 0.03},
    "color_visible": 0.97,
    "color_second": "Burgundy",
    "color_between": False,
    "view_probs": {"exterior": 0.99, "interior": 0.005, "detail": 0.005},
    "kind_probs": {"car": 0.96, "truck": 0.04},
    "several_vehicles": 0.02,
    "review": False,
    "box": [0.08, 0.21, 0.93, 0.84],
    "model_version": "2026.11.2",
}


class ClassifyOut(BaseModel):
    """An answer or a reason for each picture, in the order given, all by one model."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"model_version": "2026.11.2", "results": [_RESULT]}]}
    )

    model_version: str
    results: list[ResultOut]


@router.post(
    "/classify",
    response_class=Response,
    responses={200: {"model": ClassifyOut, "description": "One entry per picture."}},
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"$ref": "#/components/schemas/ClassifyIn"},
                    "examples": {
                        "two": {
                            "value": {
                                "urls": [
                                    "https://img.example.com/stock-1/1.jpg",
                                    "https://img.example.com/stock-1/2.jpg",
                                ]
                            }
                        }
                    },
                },
                _FORM: {
                    "schema": {
                        "type": "object",
                        "required": ["files"],
                        "properties": {
                            "files": {
                                "type": "array",
                                "minItems": 1,
                                "maxItems": _MOST,
                                "items": {"type": "string", "format": "binary"},
                            }
                        },
                    },
                    "example": {"files": ["(the bytes of a picture)"]},
                },
            },
        }
    },
)
async def post_classify(service: Served, visitor: Visiting, request: Request) -> Response:
    """Classify up to 256 pictures: URLs, or the files of a form.

    Pictures that scrapes have brought are answered from the store; of the others nothing is kept.
    Fixes do not count here: they belong to an advertiser's sitemap.
    """
    if request.headers.get("content-type", "").startswith(_FORM):
        await anyio.to_thread.run_sync(_admit, visitor)
        text = await _classify_form(service, request)
    else:
        text = await anyio.to_thread.run_sync(
            _classify_urls, service, visitor, await read_body(request)
        )
    return Response(text, media_type="application/json")


def _admit(visitor: Visitor) -> None:
    check_may(visitor.identify(), Scope.CLASSIFY)


def _classify_urls(service: Service, visitor: Visitor, body: bytes) -> str:
    """Do all of it in one trip to a thread: known pictures take no longer than the trip."""
    _admit(visitor)
    asked = _read_json(body)
    return service.asker.ask_urls(asked.urls, recheck=asked.recheck)


def _read_json(body: bytes) -> ClassifyIn:
    try:
        return ClassifyIn.model_validate_json(body)
    except ValidationError as error:
        errors = [
            {"field": ".".join(str(part) for part in one["loc"]), "message": one["msg"]}
            for one in error.errors(include_url=False, include_input=False)
        ]
        named = "; ".join(f"{one['field'] or 'body'}: {one['message']}" for one in errors[:10])
        raise ProblemError(422, "invalid", f"{named}.", extra={"errors": errors}) from error


async def _classify_form(service: Service, request: Request) -> str:
    try:
        async with request.form(max_files=_MOST, max_fields=8) as form:
            files = [one for one in form.getlist("files") if isinstance(one, UploadFile)]
            if not files:
                raise ProblemError(
                    422, "invalid", "The form has no file in the field `files`; add some."
                )
            return await anyio.to_thread.run_sync(
                lambda: service.asker.ask_files(
                    _read_files(files, service.settings.fetch.max_bytes)
                )
            )
    except HTTPException as error:  # what Starlette makes of a form that is broken
        raise ProblemError(422, "invalid", f"The form cannot be read: {error.detail}") from error


def _read_files(files: list[UploadFile], max_bytes: int) -> Iterator[tuple[str, bytes]]:
    for number, file in enumerate(files):
        if (file.size or 0) > max_bytes:
            raise ProblemError(
                413, "too-large", f"{file.filename} has more than {max_bytes:,} bytes."
            )
        yield file.filename or f"file {number}", file.file.read()
