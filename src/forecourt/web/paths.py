"""Paths that hold the name of an advertiser, which may hold slashes and line ends itself."""

from __future__ import annotations

import re

from starlette.convertors import Convertor, register_url_convertor

OF_ADVERTISER = "/advertisers/{advertiser:name}"


class _NameConvertor(Convertor[str]):
    """Takes whatever is there: what comes behind it in a path tells where it ends."""

    regex = "(?s:.+)"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("name", _NameConvertor())


def matches(template: str, path: str) -> bool:
    """Whether a path is one of a template's, as an OpenAPI document writes it."""

    def pattern(found: re.Match[str]) -> str:
        return _NameConvertor.regex if found[1] == "advertiser" else "[^/]+"

    return re.fullmatch(re.sub(r"\{(\w+)\}", pattern, template), path) is not None
