"""A model bundle: one folder with the network and all that belongs to it.

model.onnx     the network
bundle.json    version, digest, class orders, temperatures, thresholds (this module's `Manifest`)
MODEL_CARD.md  for people

Where it was evaluated, `evaluation.json` holds the report; `looks.json` says what the training
pictures look like (`core.looks`).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from forecourt.core.errors import BundleError
from forecourt.core.labels import Color, ImageType
from forecourt.core.looks import Looks, looks_from_json

FORMAT = 1
MODEL_FILE = "model.onnx"
MANIFEST_FILE = "bundle.json"
CARD_FILE = "MODEL_CARD.md"
EVALUATION_FILE = "evaluation.json"
LOOKS_FILE = "looks.json"
# Between these two lines of a card stand the figures of an evaluation, written by a program.
FIGURES_BEGIN = "<!-- figures: written by `forecourt evaluate --card` -->"
FIGURES_END = "<!-- end of figures -->"


class Thresholds(BaseModel):
    """Numbers of the decision rules (`vision.decide`); all are probabilities, 0-1."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    placeholder_floor: float = Field(ge=0, le=1)  # D1
    paint_visible: float = Field(ge=0, le=1)  # D4
    review_type: float = Field(ge=0, le=1)  # D6
    review_color: float = Field(ge=0, le=1)  # D7


class Temperatures(BaseModel):
    """Logits are divided by these before the softmax (Guo et al., ICML 2017)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    image_type: float = Field(gt=0)
    color: float = Field(gt=0)
    kind: float = Field(default=1, gt=0)
    view: float = Field(default=1, gt=0)
    several_vehicles: float = Field(default=1, gt=0)


class Base(BaseModel):
    """The model whose weights a training started from: its version, and its network's digest."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str
    sha256: str


class Manifest(BaseModel):
    """What `bundle.json` holds.

    `kinds` and `views` name the outputs of heads that a bundle may have or not; empty: it has none.
    `base` is what `forecourt train` started from; None: it does not say.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int
    version: str = Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*$")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    input_size: int = Field(ge=32, le=1024)
    image_types: tuple[ImageType, ...]
    colors: tuple[Color, ...]
    kinds: tuple[str, ...] = ()
    views: tuple[str, ...] = ()
    temperatures: Temperatures
    thresholds: Thresholds
    created: str
    trained_on: str
    base: Base | None = None

    @model_validator(mode="after")
    def _has_every_class_once(self) -> Manifest:
        for given, all_of in ((self.image_types, set(ImageType)), (self.colors, set(Color))):
            if len(given) != len(set(given)) or set(given) != all_of:
                raise ValueError("image_types and colors must name every class once")
        for name, names in (("kinds", self.kinds), ("views", self.views)):
            if len(names) != len(set(names)):
                raise ValueError(f"{name} must name every class once")
        return self


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle that was read and found whole."""

    folder: Path
    manifest: Manifest
    manifest_sha256: str
    model: bytes

    @property
    def version(self) -> str:
        """The model version: predictions are keyed by it."""
        return self.manifest.version


def shipped_folder() -> Path:
    """Return the folder of the bundle that is shipped with the package."""
    return Path(str(files("forecourt") / "models" / "default"))


def read_manifest(folder: Path) -> Manifest:
    """Read what a bundle says of itself, without its network.

    Raises:
        BundleError: the manifest is missing, or does not fit this release.
    """
    return _read_manifest(folder / MANIFEST_FILE, _read(folder, MANIFEST_FILE))


def load_bundle(folder: Path | None = None) -> Bundle:
    """Read a bundle; None: the one that is shipped with the package.

    Raises:
        BundleError: a file is missing, the manifest does not fit this release, or the network is
            not the one that the manifest was written for.
    """
    folder = folder or shipped_folder()
    text, model = _read(folder, MANIFEST_FILE), _read(folder, MODEL_FILE)
    manifest = _read_manifest(folder / MANIFEST_FILE, text)
    if hashlib.sha256(model).hexdigest() != manifest.sha256:
        raise BundleError(
            f"{folder / MODEL_FILE} is not the network that {MANIFEST_FILE} describes (its SHA-256 "
            "differs). Restore the folder from where it came."
        )
    return Bundle(
        folder=folder,
        manifest=manifest,
        manifest_sha256=hashlib.sha256(text).hexdigest(),
        model=model,
    )


def read_looks(folder: Path) -> Looks | None:
    """Return what a bundle's training pictures look like; None where it does not say.

    Raises:
        BundleError: the file is damaged, or of another release.
    """
    path = folder / LOOKS_FILE
    if not path.is_file():
        return None
    try:
        return looks_from_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BundleError(
            f"{path} cannot be used: {error}. Restore it from where the bundle came, or delete it: "
            "then nobody is told of images that are unlike the training pictures."
        ) from error


def _read(folder: Path, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except OSError as error:
        raise BundleError(
            f"{folder} is no model bundle: {error.strerror}: {error.filename}. A bundle is a "
            f"folder with {MODEL_FILE} and {MANIFEST_FILE}; `python -m forecourt.train` writes one."
        ) from error


def _read_manifest(path: Path, text: bytes) -> Manifest:
    try:
        fields = json.loads(text)
    except ValueError as error:  # JSONDecodeError and UnicodeDecodeError
        raise BundleError(f"{path} is no JSON: {error}.") from error
    # Before anything else: of another format, no other field need mean what it means here.
    if isinstance(fields, dict) and fields.get("format") != FORMAT:
        raise BundleError(
            f"{path} has bundle format {fields.get('format')!r}; this release reads {FORMAT}. "
            "Upgrade forecourt, or train the bundle again."
        )
    try:
        return Manifest.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise BundleError(f"{path}: {where}: {first['msg']}.") from error
