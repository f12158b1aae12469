"""Words, fonts and colours of a hard set. Two sets share families, never words, fonts or colours.

Neither shares anything with the generators of `forecourt.train`: a model must not be judged by the
handwriting that taught it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from PIL import ImageFont

Ink = tuple[int, int, int]
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How the cards of one set are written.

    Attributes:
        fonts: Beginnings of file names of the system's fonts.
        missing: "There is no photo (yet)", in many languages.
        offers: Advertising lines.
        sellers: Invented names.
        notes: What is written over stock pictures.
        paints: Pairs of a ground and an ink that can be read on it.
    """

    fonts: tuple[str, ...]
    missing: tuple[str, ...]
    offers: tuple[str, ...]
    sellers: tuple[str, ...]
    notes: tuple[str, ...]
    paints: tuple[tuple[Ink, Ink], ...]


TEST = Dialect(
    fonts=("LiberationSerif", "LiberationSansNarrow", "DejaVuMathTeXGyre"),
    missing=(
        "Pictures to follow",
        "We are preparing this vehicle",
        "Sorry, we have no pictures yet",
        "Vehicle arriving soon",
        "Photography in progress",
        "Images will be added shortly",
        "Just traded in - pictures soon",
        "Estamos preparando las fotos",
        "Imagen pendiente",
        "Photos bientôt disponibles",
        "Visuel à venir",
        "Fotos in Kürze",
        "Leider noch keine Bilder",
        "Foto non ancora disponibili",
        "Fotos em breve",
        "Binnenkort foto's",
        "Zdjęcia w przygotowaniu",
        "Fotky již brzy",
        "Bilder kommer inom kort",
        "Görsel hazırlanıyor",
        "Скоро будут фото",
        "Φωτογραφίες σύντομα",
        "Képek hamarosan",
        "Poze în curând",
    ),
    offers=(
        "New stock every week",
        "Finance from 4.9 %",
        "Drive away today",
        "Your local specialists since 1974",
        "All makes, all models",
        "We come to you",
        "Two years of roadside help",
        "Ask about part exchange",
        "Spring sale now on",
        "Se habla español",
    ),
    sellers=(
        "Harbour & Sons",
        "Tamarack Auto Mart",
        "Bluestone Trucks",
        "Ostermann GmbH",
        "Sakura Imports",
        "Quarry Road Cars",
        "Delmar Campers",
        "Fjord Bil",
    ),
    notes=(
        "Stock shot",
        "Generic picture",
        "Manufacturer image",
        "Photo may not show actual vehicle",
        "Symbolfoto",
        "Photo non contractuelle",
        "Imagen de referencia",
    ),
    paints=(
        ((18, 60, 92), (236, 240, 241)),
        ((238, 232, 213), (88, 60, 40)),
        ((122, 30, 44), (255, 244, 222)),
        ((250, 204, 60), (30, 30, 36)),
        ((46, 92, 70), (230, 244, 236)),
        ((226, 230, 236), (70, 84, 108)),
        ((36, 36, 40), (240, 150, 60)),
    ),
)

CHOOSING = Dialect(
    fonts=("DejaVuSerif", "LiberationMono"),
    missing=(
        "No pictures at this time",
        "Photos being taken",
        "Awaiting inspection and images",
        "Picture unavailable",
        "Check back for photos",
        "This one is still on the boat",
        "Aún sin fotografías",
        "Fotografía en proceso",
        "Aucune photo pour le moment",
        "Photo indisponible",
        "Noch kein Foto vorhanden",
        "Bilder in Vorbereitung",
        "Nessuna foto",
        "Imagem não disponível",
        "Nog geen afbeelding",
        "Brak fotografii",
        "Ingen bild tillgänglig",
        "Resim yakında eklenecek",
        "Фото отсутствует",
        "Fotografie lipsă",
    ),
    offers=(
        "Low weekly payments",
        "Over 300 vehicles in stock",
        "Winter tyres included",
        "Meet our team",
        "Test drives at home",
        "Trucks, vans and more",
        "Lifetime engine warranty",
        "Bad credit? No problem",
    ),
    sellers=(
        "Pine Street Autos",
        "Marlow Vans",
        "Kowalski Auto Komis",
        "Big Sky Motors",
        "Casa del Camión",
        "Northern RV Sales",
    ),
    notes=(
        "Sample picture",
        "Not the actual vehicle",
        "Illustration image",
        "Beispielbild",
        "Image non contractuelle",
    ),
    paints=(
        ((70, 46, 110), (244, 238, 252)),
        ((214, 226, 214), (34, 74, 52)),
        ((160, 84, 30), (255, 250, 240)),
        ((30, 110, 130), (240, 250, 252)),
        ((246, 246, 242), (120, 30, 60)),
        ((20, 24, 30), (180, 220, 90)),
    ),
)


@cache
def _files(beginnings: tuple[str, ...]) -> tuple[str, ...]:
    found = sorted(Path("/usr/share/fonts").rglob("*.ttf"))
    return tuple(str(path) for path in found if path.stem.startswith(beginnings))


@cache
def _load(path: str, size: int) -> Font:
    return ImageFont.truetype(path, size)


def draw_font(rng: np.random.Generator, dialect: Dialect, size: float) -> Font:
    """Return one of the dialect's fonts at `size` pixels.

    Raises:
        SystemExit: none of them is installed; another font would make another set.
    """
    files = _files(dialect.fonts)
    if not files:
        raise SystemExit(f"Install the fonts {', '.join(dialect.fonts)}: the set is drawn in them.")
    return _load(files[int(rng.integers(len(files)))], max(8, int(size)))
