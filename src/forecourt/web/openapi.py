"""The OpenAPI document: what FastAPI makes of the operations, and what it leaves to be said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from forecourt.web.problems import MEDIA_TYPE

_JSON = "application/json"
_REQUEST_ID = {
    "description": "What the server's log calls this request.",
    "schema": {"type": "string"},
}
_RETRY_AFTER = {
    "description": "In how many seconds to ask again.",
    "schema": {"type": "integer", "minimum": 1},
}
_WAITING = {"429", "503"}


def name_operation(route: APIRoute) -> str:
    """Return the `operationId`: the name of the function, which is given once in the API."""
    return route.name


def describe_api(app: FastAPI, models: Sequence[type[BaseModel]]) -> dict[str, Any]:
    """Return the OpenAPI document of an application; it is made once.

    Args:
        app: The application.
        models: What operations refer to that FastAPI does not see.
    """
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
        schemas = document["components"]["schemas"]
        _references, found = models_json_schema(
            [(model, "validation") for model in models],
            ref_template="#/components/schemas/{model}",
        )
        schemas |= found["$defs"]
        for schema in schemas.values():
            if "examples" in schema:
                schema["examples"] = [
                    _add_nulls(one, schema, schemas) for one in schema["examples"]
                ]
        _fill_pages(schemas)
        for operation in _iter_operations(document):
            operation["summary"] = _first_sentence(operation["description"])
            for status, response in operation["responses"].items():
                _complete(status, response)
        app.openapi_schema = document
    return app.openapi_schema


def _iter_operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for operations in document["paths"].values():
        yield from operations.values()


def _first_sentence(text: str) -> str:
    return text.partition("\n")[0].partition(". ")[0].removesuffix(".")


def _complete(status: str, response: dict[str, Any]) -> None:
    response.setdefault("headers", {})["X-Request-ID"] = _REQUEST_ID
    if status in _WAITING:
        response["headers"]["Retry-After"] = _RETRY_AFTER
    if status >= "400":  # FastAPI adds the media type of the answer that is not an error
        content = response["content"]
        response["content"] = {MEDIA_TYPE: content[MEDIA_TYPE]}


def _fill_pages(schemas: dict[str, Any]) -> None:
    """Give pages an example: one entry, as the entries' own schema has it."""
    for schema in schemas.values():
        if schema.get("properties", {}).keys() == {"items", "next_cursor"}:
            items = schema["properties"]["items"]["items"]
            entry = items if "$ref" in items else items["oneOf"][0]
            example = schemas[entry["$ref"].rpartition("/")[2]]["examples"][0]
            schema["examples"] = [{"items": [example], "next_cursor": "YmVmb3JlOjQx"}]


def _add_nulls(example: Any, rule: dict[str, Any], schemas: dict[str, Any]) -> Any:
    """Return an example with the members that are null, which FastAPI leaves out of documents."""
    rule = _resolve(rule, schemas)
    if isinstance(example, list):
        return [_add_nulls(one, rule.get("items", {}), schemas) for one in example]
    if not isinstance(example, dict) or "properties" not in rule:
        return example
    members = {}
    for name, told in rule["properties"].items():
        if name in example:
            members[name] = _add_nulls(example[name], told, schemas)
        elif name in rule.get("required", ()) and {"type": "null"} in told.get("anyOf", ()):
            members[name] = None
    return members | {name: value for name, value in example.items() if name not in members}


def _resolve(rule: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """Return the rule for what is not null."""
    for one in rule.get("anyOf", rule.get("oneOf", ())):
        if one != {"type": "null"}:
            return _resolve(one, schemas)
    if "$ref" in rule:
        return _resolve(schemas[rule["$ref"].rpartition("/")[2]], schemas)
    return rule
