"""Files of the public editor as documents to edit."""

from graph.registry import Registry
from nodes import builtin
from workflows.comfyui.editing import read_for_editing
from workflows.comfyui.reading import read_editor_format
from workflows.modes import without_modes

REGISTRY = Registry(*builtin())


def node(number, kind, inputs=(), values=(), **more):
    sockets = [{"name": name, "type": socket, "link": link} for name, socket, link in inputs]
    return {
        "id": number,
        "type": kind,
        "pos": [100 * number, 50],
        "inputs": sockets,
        "widgets_values": list(values),
    } | more


INNER = {
    "id": "sub",
    "name": "Sampling",
    "nodes": [
        node(10, "KSampler", [("model", "MODEL", 1), ("positive", "CONDITIONING", 2), ("negative", "CONDITIONING", 3),
                              ("latent_image", "LATENT", 4)], [7, "fixed", 20, 4.0, "euler", "normal", 1.0]),
        node(11, "PrimitiveNode", values=[0.5], outputs=[{"name": "FLOAT", "type": "FLOAT"}]),
    ],
    "links": [
        {"id": 1, "origin_id": -10, "origin_slot": 0, "target_id": 10, "target_slot": 0},
        {"id": 2, "origin_id": -10, "origin_slot": 1, "target_id": 10, "target_slot": 1},
        {"id": 3, "origin_id": -10, "origin_slot": 2, "target_id": 10, "target_slot": 2},
        {"id": 4, "origin_id": -10, "origin_slot": 3, "target_id": 10, "target_slot": 3},
        {"id": 5, "origin_id": 10, "origin_slot": 0, "target_id": -20, "target_slot": 0},
    ],
    "inputs": [{"name": name} for name in ("model", "positive", "negative", "latent")],
    "outputs": [{"name": "LATENT"}],
    "groups": [{"title": "inside", "bounding": [1, 2, 3, 4]}],
}  # fmt: skip
FILE = {
    "version": 0.4,
    "nodes": [
        node(1, "CheckpointLoaderSimple", values=["demo.safetensors"]),
        node(2, "CLIPTextEncode", [("clip", "CLIP", 1)], ["a house"], title="What", flags={"collapsed": True}),
        node(3, "EmptyLatentImage", values=[64, 64, 1], pos={"0": 5, "1": 6}, color="#232"),
        node(4, "sub", [("model", "MODEL", 2), ("positive", "CONDITIONING", 3), ("negative", "CONDITIONING", 4),
                        ("latent", "LATENT", 5)], [30],
             properties={"proxyWidgets": [["10", "steps"]]}),
        node(5, "Reroute", [("", "*", 6)]),
        node(6, "VAEDecode", [("samples", "LATENT", 7), ("vae", "VAE", 8)], mode=4),
        node(7, "SaveImage", [("images", "IMAGE", 9)], ["x"], mode=2),
        node(8, "Note", values=["remember"], size=[200, 90]),
        node(9, "FromElsewhere", values=[1, "two"]),
    ],
    "links": [
        [1, 1, 1, 2, 0, "CLIP"], [2, 1, 0, 4, 0, "MODEL"], [3, 2, 0, 4, 1, "CONDITIONING"],
        [4, 2, 0, 4, 2, "CONDITIONING"], [5, 3, 0, 4, 3, "LATENT"], [6, 4, 0, 5, 0, "LATENT"],
        [7, 5, 0, 6, 0, "LATENT"], [8, 1, 2, 6, 1, "VAE"], [9, 6, 0, 7, 0, "IMAGE"],
    ],
    "groups": [{"title": "All", "bounding": [0, 0, 900, 400], "color": "#3f789e"}],
    "definitions": {"subgraphs": [INNER]},
}  # fmt: skip


def test_nothing_is_left_out_or_taken_apart():
    document = read_for_editing(FILE, REGISTRY)
    members = document.members
    assert set(members["nodes"]) == {"1", "2", "3", "4", "5", "6", "7", "9"}
    assert members["modes"] == {"6": "bypass", "7": "mute"}
    assert members["nodes"]["4"]["class_type"] == "subgraph:sub"
    assert members["nodes"]["4"]["inputs"] == {
        "steps": 30, "model": ["1", 0], "positive": ["2", 0], "negative": ["2", 0], "latent": ["3", 0],
    }  # fmt: skip
    assert members["nodes"]["5"] == {"class_type": "Reroute", "inputs": {"value": ["4", 0]}}
    assert members["layout"]["nodes"]["3"] == {"x": 5, "y": 6, "color": "#232"}
    assert members["layout"]["nodes"]["2"] == {"x": 200, "y": 50, "collapsed": True}
    assert members["groups"][0] == {
        "id": "group 1", "title": "All", "x": 0, "y": 0, "width": 900, "height": 400, "color": "#3f789e",
    }  # fmt: skip
    assert members["notes"] == [{"id": "note 8", "text": "remember", "x": 800, "y": 50, "width": 200, "height": 90}]


def test_a_subgraph_is_a_definition_with_promoted_widgets_among_its_inputs():
    inner = read_for_editing(FILE, REGISTRY).members["definitions"]["sub"]
    assert inner["title"] == "Sampling" and set(inner["nodes"]) == {"10"}
    assert inner["inputs"][0] == {"name": "model", "to": [["10", "model"]]}
    assert inner["inputs"][-1] == {"name": "steps", "to": [["10", "steps"]]}
    assert inner["outputs"] == [{"name": "LATENT", "from": ["10", 0]}]
    assert inner["controls"] == {"10.seed": "fixed"} and inner["groups"][0]["title"] == "inside"


def test_what_only_an_absent_node_understands_is_kept():
    entry = read_for_editing(FILE, REGISTRY).members["nodes"]["9"]
    assert entry == {"class_type": "FromElsewhere", "inputs": {}, "_meta": {"widgets_values": [1, "two"]}}


def test_it_means_what_the_file_means():
    """Taken apart, with what is switched off left out, it is what the command line runs."""
    edited = without_modes(read_for_editing(FILE, REGISTRY), REGISTRY).api()
    read = read_editor_format(FILE, REGISTRY).api()
    edited = {name: entry["inputs"] for name, entry in edited.items() if entry["class_type"] != "Reroute"}
    assert edited.keys() == read.keys()
    assert edited["4:10"] == read["4:10"]["inputs"]
    assert edited["4:10"]["steps"] == 30


def test_whatever_is_in_a_file_is_read_or_reported():
    for broken in ({}, {"nodes": 3}, {"nodes": [3, {}, {"type": 4}], "links": [[1], {}, 3], "groups": [{}]}):
        document = read_for_editing({"nodes": [], **broken}, REGISTRY)
        assert isinstance(document.members["nodes"], dict)
