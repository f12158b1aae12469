"""A model folder is whole and fits this release, or it is refused in words."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from forecourt.core.errors import BundleError
from forecourt.core.labels import COLORS, IMAGE_TYPES
from forecourt.core.looks import looks_to_json, summarize
from forecourt.vision.bundle import load_bundle, read_looks
from forecourt.vision.predict import Predictor

Edit = Callable[[dict[str, Any]], object]


@pytest.fixture
def folder(tiny_bundle: Path, tmp_path: Path) -> Path:
    return shutil.copytree(tiny_bundle, tmp_path / "bundle")


def edit(folder: Path, change: Edit) -> None:
    path = folder / "bundle.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))


def test_looks_are_read_if_there_are_any_and_damaged_ones_are_told(folder: Path) -> None:
    assert read_looks(folder) is None
    looks = summarize(bytes(192) * 200)
    assert looks is not None
    (folder / "looks.json").write_text(looks_to_json(looks))
    found = read_looks(folder)
    assert found is not None
    assert found.pictures == 200
    for damaged in ("", "[]", "{}", '{"format": 1}'):
        (folder / "looks.json").write_text(damaged)
        with pytest.raises(BundleError, match=r"looks.json cannot be used.*delete it"):
            read_looks(folder)


def test_bundle_is_read(folder: Path) -> None:
    bundle = load_bundle(folder)
    assert bundle.version == "tiny-1"
    assert bundle.manifest.image_types == IMAGE_TYPES
    assert bundle.manifest.colors == COLORS
    assert Predictor(bundle, threads=1).model_version == "tiny-1"


def test_a_bundle_needs_no_heads_but_type_and_color(folder: Path) -> None:
    bundle = load_bundle(folder)
    assert (bundle.manifest.kinds, bundle.manifest.views) == ((), ())
    predictor = Predictor(bundle, threads=1)
    (prediction,) = predictor.predict([predictor.prepare(np.zeros((40, 60, 3), np.uint8))])
    assert (dict(prediction.kind_probs), dict(prediction.view_probs)) == ({}, {})
    assert prediction.several_vehicles is None


def test_heads_that_the_network_lacks_are_named(folder: Path) -> None:
    edit(folder, lambda m: m.update(kinds=["car", "truck"]))
    with pytest.raises(BundleError, match="lacks the output kind_logits"):
        Predictor(load_bundle(folder), threads=1)


@pytest.mark.parametrize("name", ["model.onnx", "bundle.json"])
def test_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(BundleError, match=rf"no model bundle: No such file.*{name}"):
        load_bundle(folder)


def test_a_file_is_no_bundle(folder: Path) -> None:
    with pytest.raises(BundleError, match=r"no model bundle: Not a directory"):
        load_bundle(folder / "model.onnx")


def test_altered_network_is_refused(folder: Path) -> None:
    data = bytearray((folder / "model.onnx").read_bytes())
    data[100] ^= 1
    (folder / "model.onnx").write_bytes(data)
    with pytest.raises(BundleError, match="SHA-256 differs"):
        load_bundle(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m.update(format=2, something_new=1), r"bundle format 2; this release reads 1"),
        (lambda m: m.pop("format"), r"bundle format None"),
        (lambda m: m["colors"].pop(), r"every class once"),
        (lambda m: m.update(colors=[*COLORS[:-1], "Black"]), r"every class once"),
        (lambda m: m["image_types"].append("Dealer"), r"every class once"),
        (lambda m: m.update(colors=[*COLORS[:-1], "Beige"]), r"colors\.11: .*'Black'"),
        (lambda m: m["thresholds"].update(paint_visible=1.5), r"thresholds\.paint_visible: .*1"),
        (lambda m: m["thresholds"].pop("review_type"), r"thresholds\.review_type: Field required"),
        (lambda m: m["temperatures"].update(color=0), r"temperatures\.color: .*greater than 0"),
        (lambda m: m.update(kinds=["car", "car"]), r"kinds must name every class once"),
        (lambda m: m.update(version="../evil"), r"version: "),
        (lambda m: m.update(version=".."), r"version: "),
        (lambda m: m.update(surprise=1), r"surprise: Extra inputs"),
    ],
)
def test_manifest_that_does_not_fit_is_refused(folder: Path, change: Edit, message: str) -> None:
    edit(folder, change)
    with pytest.raises(BundleError, match=message):
        load_bundle(folder)


@pytest.mark.parametrize("text", [b"", b"{", b"\xff\xfe\0", b"[1, 2]", b"null"])
def test_manifest_that_is_no_manifest_is_refused(folder: Path, text: bytes) -> None:
    (folder / "bundle.json").write_bytes(text)
    with pytest.raises(BundleError, match=r"bundle\.json"):
        load_bundle(folder)


def write_network(folder: Path, outputs: dict[str, int], *, batch: int | str = "n") -> None:
    """Replace the network by one that gives zeros of the widths named, and sign it."""
    shape = [batch, 3, 32, 32]
    nodes = [helper.make_node("ReduceMean", ["image"], ["mean"], axes=[1, 2, 3], keepdims=1)]
    nodes.append(helper.make_node("Flatten", ["mean"], ["flat"]))
    for name, width in outputs.items():
        nodes.append(helper.make_node("Concat", ["flat"] * width, [name], axis=1))
    graph = helper.make_graph(
        nodes,
        "zeros",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, shape)],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, [batch, width])
            for name, width in outputs.items()
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    sign(folder, model.SerializeToString())


def sign(folder: Path, model: bytes) -> None:
    (folder / "model.onnx").write_bytes(model)
    edit(folder, lambda m: m.update(sha256=hashlib.sha256(model).hexdigest()))


WIDTHS = {"image_type_logits": 3, "color_logits": 12, "color_visible_logit": 1}


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        ({"image_type_logits": 3, "color_logits": 12}, "lacks the output color_visible_logit"),
        (WIDTHS | {"color_logits": 11}, r"gives color_logits the shape \(2, 11\)"),
        (WIDTHS | {"image_type_logits": 4}, r"gives image_type_logits the shape \(2, 4\)"),
    ],
)
def test_network_that_does_not_fit_its_manifest_is_refused(
    folder: Path, outputs: dict[str, int], message: str
) -> None:
    write_network(folder, outputs)
    with pytest.raises(BundleError, match=message):
        Predictor(load_bundle(folder), threads=1)


def test_network_of_another_input_size_is_refused(folder: Path) -> None:
    edit(folder, lambda m: m.update(input_size=64))
    with pytest.raises(BundleError, match="takes no pictures of 64x64"):
        Predictor(load_bundle(folder), threads=1)


def test_network_that_takes_one_picture_at_a_time_is_refused(folder: Path) -> None:
    write_network(folder, WIDTHS, batch=1)
    with pytest.raises(BundleError, match="takes no pictures"):
        Predictor(load_bundle(folder), threads=1)


def test_what_is_no_network_is_refused(folder: Path) -> None:
    sign(folder, b"not a network at all")
    with pytest.raises(BundleError, match="ONNX Runtime refuses the network"):
        Predictor(load_bundle(folder), threads=1)
