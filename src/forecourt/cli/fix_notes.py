"""What a fix does not change, said to whoever made it: it is kept, and something else is shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from forecourt.core.fixes import Fix, FixField

if TYPE_CHECKING:
    import sqlalchemy as sa


def find_notes(
    connection: sa.Connection, advertiser: str, fixes: Iterable[Fix], *, model_version: str
) -> Iterator[str]:
    """Yield a sentence for each fix that the sitemap does not show, and why not.

    A Placeholder shows no colour, whatever it is fixed to, nor does an image that was never seen;
    and staff's fix gives way to the advertiser's.
    """
    from forecourt.core.resolve import resolve
    from forecourt.review.fixing import locate
    from forecourt.store.evidence import load_evidence

    for fix in fixes:
        (located, *_others) = locate(connection, advertiser, [fix.url])
        (evidence,) = load_evidence(
            connection,
            advertiser,
            [(located.image, located.scrape_color)],
            model_version=model_version,
        )
        shown = resolve(evidence)
        is_type = fix.field is FixField.IMAGE_TYPE
        value = shown.image_type.value if is_type else shown.color.value
        if value != fix.value:
            reason = shown.image_type.reason if is_type else shown.color.reason
            name = "type" if is_type else "colour"
            yield (
                f"The {name} of {fix.url} is kept, and the sitemap still shows {value or 'none'}: "
                f"{reason}."
            )
