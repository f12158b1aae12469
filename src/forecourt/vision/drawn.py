"""A picture that needs no file: to see that a model answers at all."""

from __future__ import annotations

import io

from PIL import Image, ImageDraw


def draw_vehicle() -> bytes:
    """Return a JPEG, 640 by 480, of something like a red van on grey ground."""
    picture = Image.new("RGB", (640, 480), (178, 200, 220))
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, 330, 640, 480), fill=(120, 120, 118))
    pen.rounded_rectangle((110, 190, 540, 370), 28, fill=(190, 20, 28))
    pen.rectangle((420, 210, 520, 270), fill=(40, 50, 60))
    for x in (180, 410):
        pen.ellipse((x, 325, x + 85, 410), fill=(22, 22, 24))
        pen.ellipse((x + 25, 350, x + 60, 385), fill=(150, 150, 155))
    data = io.BytesIO()
    picture.save(data, "JPEG", quality=90)
    return data.getvalue()
