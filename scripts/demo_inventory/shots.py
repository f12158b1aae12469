"""The pictures of the demo's inventory, one line each, and what each of them shows."""

from __future__ import annotations

from dataclasses import dataclass

Rgb = tuple[int, int, int]

# sRGB of the paint and how metallic it is.
PAINTS: dict[str, tuple[Rgb, float]] = {
    "Black": ((6, 6, 7), 0.0),
    "Blue": ((22, 62, 158), 0.3),
    "Light blue": ((64, 130, 196), 0.25),
    "Brown": ((60, 40, 27), 0.0),
    "Burgundy": ((92, 10, 26), 0.25),
    "Green": ((22, 92, 44), 0.25),
    "Grey": ((112, 115, 119), 0.45),
    "Silver": ((120, 123, 127), 0.6),
    "Orange": ((236, 98, 12), 0.1),
    "Pink": ((238, 92, 158), 0.05),
    "Purple": ((92, 36, 140), 0.25),
    "Red": ((186, 12, 20), 0.1),
    "White": ((238, 238, 236), 0.0),
    "Yellow": ((250, 200, 8), 0.0),
}
_COLOR_OF = {"Light blue": "Blue", "Silver": "Grey"}


@dataclass(frozen=True)
class Shot:
    """One picture.

    Attributes:
        name: Of the file.
        kind: Of the vehicle, in `bodies.BODIES` or `craft.CRAFT`.
        paint: In `PAINTS`.
        place: In `scenery.PLACES`; None: a cut-out.
        azimuth: Degrees round the vehicle; 0 looks at its front, 90 at its left side.
        lens: Focal length on 36 mm film; longer stands farther away.
        eye: Height of the camera in metres.
        room: Distance, as a multiple of what fills the picture.
        clear: Keep the cut-out's transparency.
        turned: Stored lying on its side, with an EXIF rotation.
    """

    name: str
    kind: str
    paint: str
    place: str | None
    azimuth: float
    lens: float = 42.0
    eye: float = 1.5
    room: float = 1.0
    size: tuple[int, int] = (640, 480)
    clear: bool = False
    turned: bool = False

    @property
    def color(self) -> str:
        """The class of the paint."""
        return _COLOR_OF.get(self.paint, self.paint)

    @property
    def image_type(self) -> str:
        """The class of the picture."""
        return "Dealer" if self.place else "Stock"


SHOTS: tuple[Shot, ...] = (
    Shot("blue-sedan-stock.jpg", "sedan", "Blue", None, 36),
    Shot("blue-sedan-showroom.jpg", "sedan", "Blue", "showroom", 40),
    Shot("blue-sedan-rear.jpg", "sedan", "Blue", "showroom", 214),
    Shot("red-hatchback-trees.jpg", "hatchback", "Red", "trees", 38),
    Shot("red-hatchback-side.jpg", "hatchback", "Red", "trees", 84, size=(640, 427)),
    Shot("red-hatchback-stock.png", "hatchback", "Red", None, 40, size=(480, 320), clear=True),
    Shot("white-suv-stock.jpg", "suv", "White", None, -36),
    Shot("white-suv-row.jpg", "suv", "White", "row", -38),
    Shot("white-suv-rear.jpg", "suv", "White", "row", 146, turned=True),
    Shot("black-sedan-street.jpg", "sedan", "Black", "street", 36),
    Shot("black-sedan-stock.jpg", "sedan", "Black", None, 30, size=(640, 400)),
    Shot("black-sedan-front.jpg", "sedan", "Black", "trees", 14),
    Shot("grey-suv-overcast.jpg", "suv", "Grey", "overcast", 42),
    Shot("grey-suv-rear.webp", "suv", "Grey", "overcast", 216),
    Shot("yellow-coupe-street.jpg", "coupe", "Yellow", "street", 44),
    Shot("yellow-coupe-stock.webp", "coupe", "Yellow", None, 34, clear=True),
    Shot("yellow-coupe-side.jpg", "coupe", "Yellow", "street", 95, size=(640, 400)),
    Shot("green-pickup-gravel.jpg", "pickup", "Green", "gravel", 38),
    Shot("green-pickup-rear.jpg", "pickup", "Green", "gravel", 142),
    Shot("green-pickup-stock.jpg", "pickup", "Green", None, 38),
    Shot("orange-hatchback-showroom.jpg", "hatchback", "Orange", "showroom", -40),
    Shot("orange-hatchback-stock.jpg", "hatchback", "Orange", None, -36),
    Shot("brown-suv-field.jpg", "suv", "Brown", "field", 40),
    Shot("brown-suv-side.jpg", "suv", "Brown", "field", -80, size=(640, 427)),
    Shot("burgundy-sedan-trees.jpg", "sedan", "Burgundy", "trees", -42),
    Shot("burgundy-sedan-stock.jpg", "sedan", "Burgundy", None, 42),
    Shot("pink-hatchback-street.jpg", "hatchback", "Pink", "street", 40),
    Shot("pink-hatchback-stock.jpg", "hatchback", "Pink", None, 38),
    Shot("purple-coupe-row.jpg", "coupe", "Purple", "row", 40),
    Shot("purple-coupe-stock.avif", "coupe", "Purple", None, 36),
    Shot("white-van-warehouse.jpg", "van", "White", "warehouse", 40),
    Shot("white-van-side.jpg", "van", "White", "warehouse", 82, turned=True),
    Shot("blue-minivan-row.jpg", "minivan", "Light blue", "row", 38),
    Shot("blue-minivan-stock.jpg", "minivan", "Light blue", None, -40),
    Shot("silver-pickup-trees.jpg", "pickup", "Silver", "trees", -38),
    Shot("silver-pickup-stock.jpg", "pickup", "Silver", None, 40),
    Shot("silver-pickup-rear.jpg", "pickup", "Silver", "trees", 212),
    Shot("yellow-bus-street.jpg", "bus", "Yellow", "street", 42, room=1.15),
    Shot("yellow-bus-stock.jpg", "bus", "Yellow", None, 38, room=1.3),
    Shot("white-camper-gravel.jpg", "rv", "White", "gravel", 42),
    Shot("white-camper-stock.webp", "rv", "White", None, 40),
    Shot("white-trailer-gravel.jpg", "trailer", "White", "gravel", 130),
    Shot("red-motorcycle-stock.jpg", "motorcycle", "Red", None, 78, size=(560, 420)),
    Shot("red-motorcycle-warehouse.jpg", "motorcycle", "Red", "warehouse", 62, size=(560, 420)),
    Shot("green-minivan-overcast.avif", "minivan", "Green", "overcast", 40),
    Shot("blue-boat-gravel.jpg", "boat", "Light blue", "gravel", 62, eye=1.7, room=0.95),
    Shot("black-pickup-evening.jpg", "pickup", "Black", "evening", 40),
)
