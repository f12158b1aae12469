"""Registered models: bundles that were copied into the home folder, and are told by digest.

Rows say what is registered: a folder without a row is nothing.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from forecourt.core.errors import BundleError, NotFoundError, UsageError
from forecourt.core.promotions import RegisteredModel
from forecourt.feeds.words import clean_text
from forecourt.store import registry
from forecourt.store.model_folder import ModelFolder
from forecourt.vision.bundle import (
    CARD_FILE,
    EVALUATION_FILE,
    LOOKS_FILE,
    MANIFEST_FILE,
    MODEL_FILE,
    Bundle,
    load_bundle,
    read_looks,
    read_manifest,
    shipped_folder,
)
from forecourt.vision.predict import Predictor

ITSELF = "forecourt"  # who registers the shipped bundle
_FILES = (MODEL_FILE, MANIFEST_FILE, CARD_FILE, EVALUATION_FILE, LOOKS_FILE)
_LONGEST_NAME = 200  # characters of whoever acts


def register(
    connection: sa.Connection, home: Path, folder: Path, *, by: str, at: datetime
) -> RegisteredModel:
    """Copy a bundle into the registry; one that is there already stays, and is mended if damaged.

    Raises:
        BundleError: the folder is no bundle that this release can use.
        UsageError: another model has this version, or nobody says who does it.
        StoreError: the home folder cannot be written.
    """
    who = check_name(by)
    bundle = load_bundle(folder)
    Predictor(bundle, threads=1)  # a network that cannot answer is refused here, not when it serves
    read_looks(folder)
    registry.lock_registry(connection)
    _check_version(connection, bundle)
    return keep_bundle(connection, home, bundle, by=who, at=at)


def load_model(connection: sa.Connection, home: Path, version: str) -> Bundle:
    """Load a registered model, and make sure that it is the one that was registered.

    Raises:
        NotFoundError: no model has this version.
        BundleError: its folder is gone or damaged.
    """
    model = get_model(connection, version)
    path = _folder(home).path(model.folder)
    try:
        bundle = load_bundle(path)
    except BundleError as error:
        raise _unusable(model, str(error)) from error
    if not is_same(bundle, model):
        raise _unusable(model, f"{path} holds another model than the one that was registered.")
    return bundle


def read_card(connection: sa.Connection, home: Path, version: str) -> str:
    """Return the card of a model, in Markdown.

    Raises:
        NotFoundError: no model has this version, or it has no card.
    """
    model = registry.get_model(connection, version)
    if model is not None:
        folder = _folder(home).path(model.folder)
    elif version == read_manifest(shipped_folder()).version:
        folder = shipped_folder()
    else:
        raise _not_found(version)
    try:
        return (folder / CARD_FILE).read_text(encoding="utf-8")
    except OSError as error:
        raise NotFoundError(
            f"Model {version} has no card: {error.strerror}: {folder / CARD_FILE}."
        ) from error


def keep_bundle(
    connection: sa.Connection, home: Path, bundle: Bundle, *, by: str, at: datetime
) -> RegisteredModel:
    """Keep a bundle in the home folder, and its row; what is there and whole stays.

    Raises:
        UsageError: another model has its version.
        StoreError: the home folder cannot be written.
    """
    known = registry.get_model(connection, bundle.version)
    if known is not None and not is_same(bundle, known):
        raise UsageError(_explain_taken(bundle, known.version))
    model = known or RegisteredModel(
        version=bundle.version,
        network_sha256=bundle.manifest.sha256,
        manifest_sha256=bundle.manifest_sha256,
        folder=bundle.version,
        registered_at=at,
        registered_by=by,
    )
    _put(_folder(home), model, bundle.folder)
    if known is None:
        registry.add_model(connection, model)
    return model


def get_model(connection: sa.Connection, version: str) -> RegisteredModel:
    """Return a registered model.

    Raises:
        NotFoundError: no model has this version.
    """
    model = registry.get_model(connection, version)
    if model is None:
        raise _not_found(version)
    return model


def check_known(connection: sa.Connection, version: str) -> None:
    """Refuse a version that is neither registered nor that of the shipped model.

    Raises:
        NotFoundError: no model has this version.
    """
    if version != read_manifest(shipped_folder()).version:
        get_model(connection, version)


def load_version(connection: sa.Connection, home: Path, version: str) -> Bundle:
    """Load a registered model, or the shipped one, which need not be registered.

    Raises:
        NotFoundError: no model has this version.
        BundleError: its folder is gone or damaged.
    """
    if registry.get_model(connection, version) is None:
        check_known(connection, version)
        return load_bundle(shipped_folder())
    return load_model(connection, home, version)


def load_base(connection: sa.Connection, home: Path, bundle: Bundle) -> Bundle:
    """Load the model that a bundle was trained from: itself, if it does not say.

    Raises:
        UsageError: that model is not registered here, or another one has its version.
        BundleError: its folder is gone or damaged.
    """
    base = bundle.manifest.base
    if base is None:
        return bundle
    told = f"{bundle.version} was trained from {base.version}, "
    advice = "Add it (`forecourt models add FOLDER`), or say --start FOLDER."
    try:
        found = load_version(connection, home, base.version)
    except NotFoundError as error:
        raise UsageError(f"{told}which is not registered here. {advice}") from error
    if found.manifest.sha256 != base.sha256:
        raise UsageError(f"{told}but another model has that version here. Say --start FOLDER.")
    return found


def is_same(bundle: Bundle, model: RegisteredModel) -> bool:
    """Whether a bundle is the one that was registered."""
    return _digests(bundle) == (model.version, model.network_sha256, model.manifest_sha256)


def check_name(by: str) -> str:
    """Return the name of whoever acts, as it is kept.

    Raises:
        UsageError: there is none, or it is too long.
    """
    name = clean_text(by)
    if not name:
        raise UsageError("Say who does it: a name.")
    if len(name) > _LONGEST_NAME:
        raise UsageError(
            f"The name of who does it has {len(name):,} characters; at most {_LONGEST_NAME} are "
            "kept."
        )
    return name


def _check_version(connection: sa.Connection, bundle: Bundle) -> None:
    """Refuse a new bundle whose version the shipped one has, or that reads like another's."""
    if registry.get_model(connection, bundle.version) is not None:
        return
    shipped = load_bundle(shipped_folder())
    alike = registry.find_look_alike(connection, bundle.version)
    if shipped.version.lower() == bundle.version.lower() and _digests(shipped) != _digests(bundle):
        alike = shipped.version
    if alike is not None:
        raise UsageError(_explain_taken(bundle, alike))


def _put(models: ModelFolder, model: RegisteredModel, source: Path) -> None:
    """Copy a model into its folder, unless it is there and whole."""
    path = models.path(model.folder)
    try:
        there = load_bundle(path)
    except BundleError:  # nothing, or what a damaged disk left of it
        there = None
    if there is not None:
        if is_same(there, model):
            return
        raise UsageError(
            f"{path} holds another model under this version, which this database does not know: "
            "another database may use it. If none does, move that folder away and try again."
        )

    def check(copy: Path) -> None:
        if not is_same(load_bundle(copy), model):
            raise BundleError(f"{source} was changed while it was read; add it again.")

    models.put(model.folder, source, _FILES, check=check)


def _digests(bundle: Bundle) -> tuple[str, str, str]:
    return bundle.version, bundle.manifest.sha256, bundle.manifest_sha256


def _explain_taken(bundle: Bundle, version: str) -> str:
    return (
        f"Another model has version {version} already, and answers are kept by version. Give this "
        f"one another, in {bundle.folder / MANIFEST_FILE}, and add it again."
    )


def _unusable(model: RegisteredModel, why: str) -> BundleError:
    return BundleError(
        f"Model {model.version} cannot be used. {why} Put it back with `forecourt models add "
        "FOLDER`, from a copy of its bundle; or let another be the champion: `forecourt models "
        "promote VERSION`."
    )


def _not_found(version: str) -> NotFoundError:
    return NotFoundError(
        f"There is no model {version!r}; `forecourt models list` shows those that there are."
    )


def _folder(home: Path) -> ModelFolder:
    return ModelFolder(home / "models")
