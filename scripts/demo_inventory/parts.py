"""Blender as a library: meshes, materials and parts of a scene. Everything is made here by code."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import bpy
import numpy as np
from bodies import BODIES, Body
from fields import Array, Mesh, vehicle_mesh
from livery import Drawing, draw_front, draw_rear, draw_side
from wheels import DESIGNS, rim_mesh, tyre_mesh

Rgb = tuple[float, float, float]


def linear(srgb: Sequence[int]) -> Rgb:
    """Return linear light of an sRGB colour, 0-255."""
    c = np.asarray(srgb) / 255.0
    red, green, blue = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    return float(red), float(green), float(blue)


def add_mesh(
    name: str, mesh: Mesh, material: Any, *, is_smooth: bool = True, at: Sequence[float] = (0, 0, 0)
) -> Any:
    """Put a mesh into the scene and return its object."""
    data = bpy.data.meshes.new(name)
    data.vertices.add(len(mesh.vertices))
    data.vertices.foreach_set("co", np.ascontiguousarray(mesh.vertices, np.float32).ravel())
    corners = mesh.faces.shape[1]
    data.loops.add(mesh.faces.size)
    data.loops.foreach_set("vertex_index", np.ascontiguousarray(mesh.faces, np.int32).ravel())
    data.polygons.add(len(mesh.faces))
    data.polygons.foreach_set("loop_start", np.arange(0, mesh.faces.size, corners, dtype=np.int32))
    data.update(calc_edges=True)
    data.validate()
    if is_smooth:
        data.shade_smooth()
    data.materials.append(material)
    return add_object(name, data, at)


def add_object(name: str, data: Any, at: Sequence[float] = (0, 0, 0), turn: float = 0.0) -> Any:
    """Put an object with this data into the scene; `turn` is about z, in radians."""
    placed = bpy.data.objects.new(name, data)
    placed.location = tuple(at)
    placed.rotation_euler = (0, 0, turn)
    bpy.context.scene.collection.objects.link(placed)
    return placed


def add_box(size: Sequence[float], at: Sequence[float], material: Any, turn: float = 0.0) -> Any:
    """Put a box with its middle at `at` into the scene."""
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], float) / 2
    faces = [[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]]
    mesh = Mesh(corners * np.array(size), np.array(faces))
    placed = add_mesh("box", mesh, material, is_smooth=False, at=at)
    placed.rotation_euler = (0, 0, turn)
    return placed


class Nodes:
    """A material's or world's node tree, written as expressions."""

    def __init__(self, owner: Any) -> None:
        if not owner.node_tree:
            owner.use_nodes = True
        self._tree = owner.node_tree
        self._tree.nodes.clear()

    def add(self, kind: str, /, *, settings: dict[str, Any] | None = None, **inputs: Any) -> Any:
        """Add a node; `inputs` are values or sockets, named with _ for spaces."""
        node = self._tree.nodes.new(kind)
        for name, value in (settings or {}).items():
            setattr(node, name, value)
        for name, value in inputs.items():
            socket = (
                node.inputs[int(name[1:])]
                if name[1:].isdigit()
                else node.inputs[name.replace("_", " ")]
            )
            self.set(socket, value)
        return node

    def set(self, socket: Any, value: Any) -> None:
        """Link a socket to another one, or give it a value."""
        if isinstance(value, bpy.types.NodeSocket):
            self._tree.links.new(value, socket)
        else:
            socket.default_value = value

    def math(self, operation: str, a: Any, b: Any = 0.0) -> Any:
        """Return the socket of `a operation b`."""
        return self.add("ShaderNodeMath", settings={"operation": operation}, _0=a, _1=b).outputs[0]

    def mix(self, factor: Any, a: Any, b: Any) -> Any:
        """Return the socket of a colour between `a` (0) and `b` (1)."""
        node = self.add("ShaderNodeMix", settings={"data_type": "RGBA"})
        for index, value in ((0, factor), (6, a), (7, b)):
            self.set(node.inputs[index], value)
        return node.outputs[2]

    def blend(self, factor: Any, a: Any, b: Any) -> Any:
        """Return the socket of a number between `a` (0) and `b` (1)."""
        node = self.add("ShaderNodeMix", settings={"data_type": "FLOAT"})
        for index, value in ((0, factor), (2, a), (3, b)):
            self.set(node.inputs[index], value)
        return node.outputs[0]

    def noise(self, scale: float, detail: float = 4.0, **inputs: Any) -> Any:
        """Return the socket of a noise, about 0.3-0.7."""
        return self.add("ShaderNodeTexNoise", Scale=scale, Detail=detail, **inputs).outputs["Fac"]


def surface(color: Any, *, rough: float = 0.5, metal: float = 0.0, coat: float = 0.0) -> Any:
    """Return a plain material; `color` is linear RGB."""
    material = bpy.data.materials.new("surface")
    nodes = Nodes(material)
    shader = nodes.add(
        "ShaderNodeBsdfPrincipled",
        Base_Color=(*color, 1.0), Roughness=rough, Metallic=metal, Coat_Weight=coat,
    )  # fmt: skip
    nodes.add("ShaderNodeOutputMaterial", Surface=shader.outputs[0])
    return material


def _image(name: str, pixels: Array) -> Any:
    rows, columns = pixels.shape[:2]
    image = bpy.data.images.new(name, columns, rows, alpha=True, float_buffer=True)
    image.colorspace_settings.name = "Non-Color"
    image.alpha_mode = "CHANNEL_PACKED"
    image.pixels.foreach_set(np.ascontiguousarray(pixels, np.float32).ravel())
    image.pack()
    return image


@cache
def _drawings(kind: str) -> tuple[Drawing, ...]:
    body = BODIES[kind]
    return draw_side(body), draw_front(body), draw_rear(body)


def paint_material(kind: str, paint: Rgb, *, metallic: float) -> Any:
    """Return car paint with the vehicle's drawings projected from side, front and rear."""
    material = bpy.data.materials.new(f"paint-{kind}")
    nodes = Nodes(material)
    coordinates = nodes.add("ShaderNodeTexCoord").outputs
    where = nodes.add("ShaderNodeSeparateXYZ", Vector=coordinates["Object"]).outputs
    normal = nodes.add("ShaderNodeSeparateXYZ", Vector=coordinates["Normal"]).outputs
    along, across = normal[0], nodes.math("ABSOLUTE", normal[1])
    is_side = nodes.math("GREATER_THAN", across, nodes.math("ABSOLUTE", along))
    is_side = nodes.math("MULTIPLY", is_side, nodes.math("GREATER_THAN", across, 0.42))
    is_end = nodes.math("SUBTRACT", 1.0, is_side)
    masks = (
        is_side,
        nodes.math("MULTIPLY", is_end, nodes.math("GREATER_THAN", along, 0.22)),
        nodes.math("MULTIPLY", is_end, nodes.math("LESS_THAN", along, -0.22)),
    )
    color: Any = (*paint, 1.0)
    rough, coat, metal = 0.38, 1.0, metallic
    for art, mask, axis in zip(_drawings(kind), masks, (where[0], where[1], where[1]), strict=True):
        u = nodes.math("DIVIDE", nodes.math("SUBTRACT", axis, art.u0), art.u1 - art.u0)
        v = nodes.math("DIVIDE", where[2], art.z1)
        uv = nodes.add("ShaderNodeCombineXYZ", X=u, Y=v).outputs[0]
        settings = {"extension": "CLIP", "image": _image("color", art.color)}
        drawn = nodes.add("ShaderNodeTexImage", settings=settings, Vector=uv).outputs
        opaque = np.concatenate([art.surface, np.ones_like(art.surface[..., :1])], axis=2)
        settings = {"extension": "CLIP", "image": _image("surface", opaque)}
        made_of = nodes.add("ShaderNodeTexImage", settings=settings, Vector=uv).outputs[0]
        parts = nodes.add("ShaderNodeSeparateColor", Color=made_of).outputs
        is_drawn = nodes.math("MULTIPLY", drawn["Alpha"], mask)
        color = nodes.mix(is_drawn, color, drawn["Color"])
        rough = nodes.blend(is_drawn, rough, parts[0])
        coat = nodes.blend(is_drawn, coat, parts[1])
        metal = nodes.blend(is_drawn, metal, parts[2])
    shader = nodes.add(
        "ShaderNodeBsdfPrincipled",
        Base_Color=color, Roughness=rough, Metallic=metal, Coat_Weight=coat, Coat_Roughness=0.02,
        Specular_IOR_Level=0.15,  # the coat mirrors; the paint below it hardly does
    )  # fmt: skip
    nodes.add("ShaderNodeOutputMaterial", Surface=shader.outputs[0])
    return material


def add_vehicle(
    kind: str, paint: Rgb, *, metallic: float, at: tuple[float, float] = (0, 0), turn: float = 0.0
) -> Any:
    """Put a vehicle on the ground; return the empty object that all its parts hang on."""
    body = BODIES[kind]
    root = add_object(kind, None, (*at, 0.0), turn)
    shell = add_mesh("body", vehicle_mesh(kind), paint_material(kind, paint, metallic=metallic))
    parts = [shell, *_add_wheels(body), *_add_mirrors(body, paint, metallic)]
    parts.append(_add_underside(body))
    if not body.has_face:
        steel = surface((0.03, 0.03, 0.03), rough=0.5)
        parts += [add_box((1.5, 0.1, 0.1), (body.front + 0.5, 0, 0.5), steel)]
        parts += [add_box((0.07, 0.07, 0.5), (body.front + 1.05, 0, 0.26), steel)]
    for part in parts:
        part.parent = root
    return root


def _add_wheels(body: Body) -> list[Any]:
    design = DESIGNS[body.wheel]
    rubber = surface((0.016, 0.016, 0.017), rough=0.75)
    is_steel = body.wheel == "steel"
    alloy = surface((0.42, 0.42, 0.44) if is_steel else (0.55, 0.56, 0.58), rough=0.28, metal=0.9)
    dark = surface((0.02, 0.02, 0.02), rough=0.6)
    tyre = add_mesh("tyre", tyre_mesh(body.radius, design.rim), rubber)
    rim = add_mesh("rim", rim_mesh(body.radius, body.wheel), alloy)
    placed = []
    for index, (axle, side) in enumerate((a, s) for a in body.axles for s in (-1, 1)):
        spot = (axle, side * (body.width / 2 - 0.135), body.radius)
        for source in (tyre, rim):
            one = add_object(source.name, source.data, spot, 0.0 if side > 0 else np.pi)
            one.rotation_euler[1] = 0.37 * index
            placed.append(one)
        disc = add_box((body.radius, 0.03, body.radius), spot, dark)
        disc.rotation_euler[1] = np.pi / 4
        placed.append(disc)
    for source in (tyre, rim):
        bpy.data.objects.remove(source)
    return placed


def _add_mirrors(body: Body, paint: Rgb, metallic: float) -> list[Any]:
    if not body.windows or not body.has_face:
        return []
    shade = surface(paint, rough=0.35, metal=metallic, coat=1.0)
    front = max(x for _start, x in body.windows)
    spots = [(front - 0.16, s * (body.width / 2 + 0.03), body.belt + 0.05) for s in (-1, 1)]
    made = []
    for spot in spots:
        bpy.ops.mesh.primitive_uv_sphere_add(segments=24, ring_count=12, location=spot)
        mirror = bpy.context.object
        mirror.scale = (0.075, 0.12, 0.08)
        mirror.data.materials.append(shade)
        mirror.data.shade_smooth()
        made.append(mirror)
    return made


def _add_underside(body: Body) -> Any:
    """Add a dark floor between the wheels: no light may fall through the arches."""
    length = max(body.axles) - min(body.axles) + 1.2
    middle = (max(body.axles) + min(body.axles)) / 2
    size = (length, body.width - 0.75, 0.25)
    return add_box(size, (middle, 0, body.radius + 0.02), surface((0.01, 0.01, 0.01), rough=0.9))
