"""What CDNs do between two scrapes: how a picture is served before and after."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from PIL import Image


def encode(image: Image.Image, file_format: str = "JPEG", **options: Any) -> bytes:
    """Return a picture as a file."""
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def original(image: Image.Image) -> bytes:
    """Return the file as it is served first."""
    return encode(image, "JPEG", quality=92)


def half(image: Image.Image) -> bytes:
    """Return the picture in half its width and height."""
    size = (max(16, image.width // 2), max(16, image.height // 2))
    return encode(image.resize(size, Image.Resampling.LANCZOS), "JPEG", quality=85)


@dataclass(frozen=True)
class Behaviour:
    """One kind of CDN.

    Attributes:
        name: For the table.
        change: What becomes of the file at the second visit.
        first, then: Headers at the first visit and later: keywords of the host's `put`.
        moves: The file is found under another path later.
        signs: Its URL carries another signature at every visit.
        swaps: Every second URL shows another picture later, and the headers say nothing of it.
    """

    name: str
    change: Callable[[Image.Image], bytes] = original
    first: dict[str, Any] = field(default_factory=dict)
    then: dict[str, Any] | None = None
    moves: bool = False
    signs: bool = False
    swaps: bool = False


_SAME_DAY = "Tue, 24 Nov 2026 06:00:00 GMT"

BEHAVIOURS = (
    Behaviour("strong validators, nothing changes"),
    Behaviour("weak validators", first={"etag": 'W/"1"', "last_modified": _SAME_DAY}),
    Behaviour("no validators", first={"etag": None}),
    Behaviour("lying validators, pictures swapped", first={"etag": '"1"'}, swaps=True),
    Behaviour("churning validators", first={"etag": "churn"}),
    Behaviour("URL rotation", moves=True),
    Behaviour("signed URLs", signs=True),
    Behaviour("JPEG 90, new URL", lambda i: encode(i, quality=90), moves=True),
    Behaviour("JPEG 60, new URL", lambda i: encode(i, quality=60), moves=True),
    Behaviour("JPEG 30, new URL", lambda i: encode(i, quality=30), moves=True),
    Behaviour("WebP 75, new URL", lambda i: encode(i, "WEBP", quality=75), moves=True),
    Behaviour("AVIF 60, new URL", lambda i: encode(i, "AVIF", quality=60, speed=8), moves=True),
    Behaviour("half the size, new URL", half, moves=True),
    Behaviour(
        "format negotiation: WebP at the same URL",
        lambda i: encode(i, "WEBP", quality=80),
        first={"headers": {"Vary": "Accept"}},
        then={"headers": {"Vary": "Accept", "Content-Type": "image/webp"}},
    ),
)
