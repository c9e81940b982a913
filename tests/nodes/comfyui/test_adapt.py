"""Public classes run by our engine: what they are called with, and what their returns mean."""

# ruff: noqa: E501 – the sources of packs are written as their authors would

import shutil
import sys
import time
from pathlib import Path

import pytest

from cli.telling import Teller
from graph.errors import InvalidWorkflow
from graph.events import NodeBlocked, NodeFinished, NodeProgress, NodeSkipped, NodeWarned
from workflows.document import read_document

HEAD = """
import torch
RAN = []
def node(required=None, optional=None, hidden=None, returns=("STRING",), **attributes):
    def declare(function):
        types = {"required": required or {}, "optional": optional or {}, "hidden": hidden or {}}
        members = {"INPUT_TYPES": classmethod(lambda cls: types), "RETURN_TYPES": returns, "FUNCTION": "go", "go": function}
        NODE_CLASS_MAPPINGS[function.__name__] = type(function.__name__, (), members | attributes)
    return declare
NODE_CLASS_MAPPINGS = {}
@node({"value": ("*",)}, returns=(), OUTPUT_NODE=True)
def Show(self, value):
    return {"ui": {"text": [str(value)]}}
"""


@pytest.fixture
def run(world):
    """Declare classes, run a workflow, and give what its Show nodes showed."""

    def run(source, nodes, **options):
        if not (world.packs_directory / "pack").exists():
            world.pack("pack", HEAD + source)
            assert not world.load()["pack"].reasons, world.packs["pack"].reasons
        world.result = world.run(nodes, **options)
        assert not world.result.failures, world.result.failures
        return [str(artifact) for shown in world.result.artifacts.values() for artifact in shown]

    return run


def show(source, output=0):
    return {"class_type": "Show", "inputs": {"value": [source, output]}}


def node(kind, **inputs):
    return {"class_type": kind, "inputs": inputs}


def test_pictures_and_masks_travel_as_tensors_both_ways(run):
    source = """
@node({"image": ("IMAGE",)}, returns=("IMAGE", "MASK", "STRING"))
def Darker(self, image):
    return (image / 2, image[..., 0], f"{tuple(image.shape)} {image.dtype}")
"""
    nodes = {
        "1": node("EmptyImage", width=8, height=16, batch_size=2, color=0xFFFFFF),
        "2": node("Darker", image=["1", 0]),
        "3": node("ImageInvert", image=["2", 0]),
        "4": node("InvertMask", mask=["2", 1]),
        "5": show("2", 2),
        "6": node("Darker", image=["3", 0]),
        "7": show("6", 2),
        "8": node("MaskToImage", mask=["4", 0]),
        "9": node("SaveImage", images=["8", 0], filename_prefix="mask"),
    }
    assert run(source, nodes)[:2] == ["(2, 16, 8, 3) torch.float32"] * 2


def test_latents_keep_what_the_public_shape_has_no_room_for(run):
    source = """
@node({"samples": ("LATENT",)}, returns=("LATENT", "STRING"))
def Doubled(self, samples):
    changed = samples.copy()
    changed["samples"] = samples["samples"] + 1
    return (changed, str(sorted(name for name in samples if name != "patchbay")))
"""
    nodes = {
        "1": node("EmptyLatentImage", width=64, height=64, batch_size=1),
        "2": node("SolidMask", width=64, height=64, value=1.0),
        "3": node("SetLatentNoiseMask", samples=["1", 0], mask=["2", 0]),
        "4": node("Doubled", samples=["3", 0]),
        "5": node("Doubled", samples=["4", 0]),
        "6": show("5", 1),
    }
    assert run(source, nodes) == ["['noise_mask', 'samples']"]


def test_a_list_output_runs_what_follows_once_for_each_item_and_a_list_input_gathers(run):
    source = """
@node({"count": ("INT", {"default": 3})}, returns=("INT",), OUTPUT_IS_LIST=(True,))
def Count(self, count):
    return (list(range(count)),)
@node({"number": ("INT",)}, returns=("INT",))
def Twice(self, number):
    RAN.append(number)
    return (number * 2,)
@node({"numbers": ("INT",), "factor": ("INT", {"default": 10})}, returns=("STRING",), INPUT_IS_LIST=True)
def Together(self, numbers, factor):
    return (f"{numbers} {factor}",)
"""
    nodes = {
        "1": node("Count", count=3),
        "2": node("Twice", number=["1", 0]),
        "3": node("Together", numbers=["2", 0], factor=10),
        "4": show("3"),
    }
    assert run(source, nodes) == ["[0, 2, 4] [10]"]


def test_a_lazy_input_runs_only_when_it_is_asked_for(run, world):
    source = """
@node({"which": ("BOOLEAN", {"default": True}), "yes": ("STRING", {"lazy": True}), "no": ("STRING", {"lazy": True})},
      check_lazy_status=lambda self, which, yes=None, no=None: ["yes"] if which and yes is None else [] if which else ["no"])
def Pick(self, which, yes=None, no=None):
    return (yes if which else no,)
@node({"text": ("STRING", {})})
def Say(self, text):
    return (text,)
"""
    nodes = {
        "1": node("Say", text="yes"),
        "2": node("Say", text="no"),
        "3": node("Pick", which=False, yes=["1", 0], no=["2", 0]),
        "4": show("3"),
    }
    assert run(source, nodes) == ["no"]
    assert "1" not in world.result.ran


def test_an_expansion_takes_the_place_of_its_node(run):
    source = """
from comfy_execution.graph_utils import GraphBuilder
@node({"image": ("IMAGE",), "times": ("INT", {"default": 2})}, returns=("IMAGE", "INT"))
def InvertTimes(self, image, times):
    graph = GraphBuilder()
    held = image
    for _ in range(times):
        held = graph.node("ImageInvert", image=held).out(0)
    return {"result": (held, times), "expand": graph.finalize()}
@node({"image": ("IMAGE",)})
def Mean(self, image):
    return (f"{image.mean():.2f}",)
"""
    nodes = {
        "1": node("EmptyImage", width=8, height=8, batch_size=1, color=0x333333),
        "2": node("InvertTimes", image=["1", 0], times=3),
        "3": node("Mean", image=["2", 0]),
        "4": show("3"),
        "5": show("2", 1),
    }
    assert run(source, nodes) == ["0.80", "3"]


LOOP = """
from comfy_execution.graph_utils import GraphBuilder, is_link
@node({"value": ("INT", {"default": 0})}, returns=("FLOW_CONTROL", "INT"))
def WhileOpen(self, value):
    return ("stub", value)
@node({"flow": ("FLOW_CONTROL", {"rawLink": True}), "going": ("BOOLEAN", {}), "value": ("INT", {})},
      hidden={"dynprompt": "DYNPROMPT", "unique_id": "UNIQUE_ID"}, returns=("INT",))
def WhileClose(self, flow, going, value, dynprompt, unique_id):
    if not going:
        return (value,)
    start = flow[0]
    inside, waiting = set(), [unique_id]
    while waiting:
        here = waiting.pop()
        for held in dynprompt.get_node(here)["inputs"].values():
            if is_link(held) and held[0] != start and held[0] not in inside:
                inside.add(held[0])
                waiting.append(held[0])
    graph = GraphBuilder()
    for node_id in inside | {start, unique_id}:
        name = "Again" if node_id == unique_id else node_id
        graph.node(dynprompt.get_node(node_id)["class_type"], name)
    for node_id in inside | {start, unique_id}:
        made = graph.lookup_node("Again" if node_id == unique_id else node_id)
        for name, held in dynprompt.get_node(node_id)["inputs"].items():
            if is_link(held) and held[0] in inside | {start}:
                made.set_input(name, graph.lookup_node(held[0]).out(held[1]))
            else:
                made.set_input(name, held)
    graph.lookup_node(start).set_input("value", value)
    return {"result": (graph.lookup_node("Again").out(0),), "expand": graph.finalize()}
@node({"value": ("INT", {}), "limit": ("INT", {"default": 5})}, returns=("INT", "BOOLEAN"))
def Step(self, value, limit):
    RAN.append(value)
    return (value + 1, value + 1 < limit)
"""


def test_a_loop_that_rebuilds_its_own_graph_comes_to_an_end(run):
    nodes = {
        "1": node("WhileOpen", value=0),
        "2": node("Step", value=["1", 1], limit=5),
        "3": node("WhileClose", flow=["1", 0], going=["2", 1], value=["2", 0]),
        "4": show("3"),
    }
    assert run(LOOP, nodes) == ["5"]


def test_a_blocker_stops_what_follows_and_says_why(run, world):
    source = """
from comfy_execution.graph import ExecutionBlocker
@node({"text": ("STRING", {})})
def Gate(self, text):
    return (ExecutionBlocker("the gate is shut"),)
"""
    assert run(source, {"1": node("Gate", text="x"), "2": show("1")}) == []
    assert [event.reason for event in world.events if isinstance(event, NodeBlocked)] == ["the gate is shut"]


def test_async_functions_run_side_by_side(run):
    source = """
import asyncio
@node({"text": ("STRING", {})})
async def Wait(self, text):
    await asyncio.sleep(0.2)
    return (text,)
"""
    nodes = {str(number): node("Wait", text=str(number)) for number in range(10)}
    nodes |= {f"show {number}": show(str(number)) for number in range(10)}
    began = time.monotonic()
    assert sorted(run(source, nodes)) == [str(number) for number in range(10)]
    assert time.monotonic() - began < 1.8  # ten one after the other would take two seconds


def test_is_changed_decides_and_is_told_none_for_what_is_linked(run, world):
    source = """
STATE = {"value": "one"}
@node({"text": ("STRING", {}), "name": ("STRING", {"default": "n"})}, returns=("STRING",),
      IS_CHANGED=classmethod(lambda cls, text, name: (STATE["value"], text, name)))
def Watched(self, text, name):
    RAN.append(name)
    return (name,)
@node({"name": ("STRING", {})}, IS_CHANGED=classmethod(lambda cls, **inputs: float("nan")))
def Always(self, name):
    RAN.append("always")
    return (name,)
@node({"text": ("STRING", {})})
def Say(self, text):
    return (text,)
"""
    nodes = {
        "1": node("Say", text="hey"),
        "2": node("Watched", text=["1", 0], name="b"),
        "3": show("2"),
        "4": node("Always", name="c"),
        "5": show("4"),
    }
    run(source, nodes)
    module = sys.modules["custom_nodes.pack"]
    assert sorted(module.RAN) == ["always", "b"]
    run(source, nodes)
    assert sorted(module.RAN) == ["always", "always", "b"]
    module.STATE["value"] = "two"
    run(source, nodes)
    assert sorted(module.RAN) == ["always", "always", "always", "b", "b"]


def test_validate_inputs_refuses_before_anything_runs_and_lifts_bounds(run, world):
    source = """
@node({"size": ("INT", {"min": 0, "max": 10}), "text": ("STRING", {"default": ""})},
      VALIDATE_INPUTS=classmethod(lambda cls, size: True if size % 2 == 0 else f"{size} is odd"))
def Even(self, size, text):
    return (str(size),)
@node({"value": ("*",)}, VALIDATE_INPUTS=classmethod(lambda cls, input_types: True if input_types.get("value") == "INT" else f"not {input_types}"))
def OnlyInt(self, value):
    return (str(value),)
"""
    assert run(source, {"1": node("Even", size=12), "2": show("1")}) == ["12"]
    with pytest.raises(InvalidWorkflow) as refusal:
        world.run({"1": node("Even", size=11), "2": show("1"), "3": node("OnlyInt", value=["1", 0]), "4": show("3")})
    assert {(problem.node, problem.message) for problem in refusal.value.problems} == {
        ("1", "11 is odd"),
        ("3", "not {'value': 'STRING'}"),
    }


def test_hidden_inputs_are_filled(run):
    source = """
@node({"text": ("STRING", {})}, hidden={"unique_id": "UNIQUE_ID", "prompt": "PROMPT", "extra": "EXTRA_PNGINFO", "key": "API_KEY_COMFY_ORG"})
def Hidden(self, text, unique_id, prompt, extra, key):
    return (f"{unique_id} {prompt[unique_id]['inputs']['text']} {extra} {key}",)
"""
    nodes = {"7": node("Hidden", text="hello"), "8": show("7")}
    assert run(source, nodes, document=read_document(nodes)) == ["7 hello {} None"]


def test_two_nodes_that_ask_for_their_own_name_are_two_things(run):
    source = """
@node({}, hidden={"unique_id": "UNIQUE_ID"})
def Name(self, unique_id):
    return (unique_id,)
"""
    nodes = {"1": node("Name"), "2": node("Name"), "3": show("1"), "4": show("2")}
    assert run(source, nodes) == ["1", "2"]


def test_optional_inputs_that_are_absent_are_left_to_the_function(run):
    source = """
@node({"text": ("STRING", {})}, {"image": ("IMAGE",), "more": ("STRING", {"default": "d"})})
def Optional(self, text, image="no picture", more="m"):
    return (f"{text} {image} {more}",)
"""
    assert run(source, {"1": node("Optional", text="a"), "2": show("1")}) == ["a no picture d"]


def test_bars_report_progress_and_files_that_are_shown_are_ours(run, world):
    source = """
import os
import folder_paths
from comfy.utils import ProgressBar
from PIL import Image
@node({"text": ("STRING", {})}, returns=(), OUTPUT_NODE=True)
def Keep(self, text):
    bar = ProgressBar(4)
    for _ in range(4):
        bar.update(1)
    folder, name, counter, subfolder, _ = folder_paths.get_save_image_path("sub/kept", folder_paths.get_output_directory())
    file = f"{name}_{counter:05}_.png"
    Image.new("RGB", (4, 4)).save(os.path.join(folder, file))
    return {"ui": {"images": [{"filename": file, "subfolder": subfolder, "type": "output"}]}}
"""
    assert run(source, {"1": node("Keep", text="a")}) == ["sub/kept_00001_.png"]
    assert [event.done for event in world.events if isinstance(event, NodeProgress)] == [1, 2, 3, 4]
    run(source, {"1": node("Keep", text="a")})  # its file is there: it is not made again
    assert not world.result.ran
    (world.base / "output/sub/kept_00001_.png").unlink()
    run(source, {"1": node("Keep", text="a")})
    assert world.result.ran == ("1",)


def test_a_node_keeps_one_object_from_run_to_run(run, world):
    source = """
@node({"text": ("STRING", {})}, IS_CHANGED=classmethod(lambda cls, text: float("nan")))
def Counting(self, text):
    self.count = getattr(self, "count", 0) + 1
    return (str(self.count),)
"""
    nodes = {"1": node("Counting", text="a"), "2": show("1")}
    assert [run(source, nodes)[-1] for _ in range(3)] == ["1", "2", "3"]


def test_a_wrong_number_of_values_fails_the_node_in_a_sentence(world):
    world.pack(
        "pack", HEAD + "@node({'a': ('STRING', {})}, returns=('STRING', 'INT'))\ndef Short(self, a):\n    return (a,)\n"
    )
    world.load()
    result = world.run({"1": node("Short", a="x"), "2": show("1")})
    assert result.failures["1"].message == "it should return 2 values, not 1"


def test_what_is_no_picture_is_refused_where_it_was_made(world):
    world.pack("pack", HEAD + "@node({'a': ('STRING', {})}, returns=('IMAGE',))\ndef Odd(self, a):\n    return (a,)\n")
    world.load()
    result = world.run({"1": node("Odd", a="x"), "2": show("1")})
    assert result.failures["1"].message == "an IMAGE must be a tensor (B, H, W, C)"
    assert not any(isinstance(event, NodeSkipped) for event in world.events)


def test_models_and_encoders_of_the_demo_can_be_used_by_classes(run, world):
    demo = Path(__file__).parents[3] / "models" / "checkpoints" / "patchbay-demo.safetensors"
    shutil.copy(demo, world.base / "models" / "checkpoints" / demo.name)
    source = """
@node({"clip": ("CLIP",), "vae": ("VAE",), "model": ("MODEL",), "image": ("IMAGE",)}, returns=("CONDITIONING", "LATENT", "MODEL", "STRING"))
def Everything(self, clip, vae, model, image):
    cond, pooled = clip.encode_from_tokens(clip.tokenize("a red house"), return_pooled=True)
    latent = vae.encode(image)
    back = vae.decode(latent)
    return ([[cond, {"pooled_output": pooled}]], {"samples": latent}, model.clone(), f"{cond.ndim} {tuple(latent.shape)} {tuple(back.shape)}")
"""
    nodes = {
        "1": node("CheckpointLoaderSimple", ckpt_name=demo.name),
        "2": node("EmptyImage", width=64, height=64, batch_size=1, color=255),
        "3": node("Everything", model=["1", 0], clip=["1", 1], vae=["1", 2], image=["2", 0]),
        "4": show("3", 3),
        "5": node(
            "KSampler", model=["3", 2], positive=["3", 0], negative=["3", 0], latent_image=["3", 1], steps=1, cfg=1.0
        ),
        "6": node("VAEDecode", samples=["5", 0], vae=["1", 2]),
        "7": node("PreviewImage", images=["6", 0]),
    }
    assert run(source, nodes)[0] == "3 (1, 4, 8, 8) (1, 64, 64, 3)"


def test_what_comes_through_links_is_passed_on_as_it_is_and_remarked_upon(run, world):
    source = """
@node({"number": ("INT", {"default": 0})}, returns=("INT",))
def Give(self, number):
    return (number,)
@node({"size": ("INT", {"min": 0, "max": 8}), "mode": (["a", "b"],)})
def Bounded(self, size, mode):
    return (f"{size} {mode}",)
"""
    nodes = {"1": node("Give", number=16), "2": node("Bounded", size=["1", 0], mode="a"), "3": show("2")}
    assert run(source, nodes) == ["16 a"]
    (warning,) = [event.message for event in world.events if isinstance(event, NodeWarned)]
    assert warning.startswith("'size' must be between 0 and 8, not 16; it comes from node '1'")
    with pytest.raises(InvalidWorkflow):  # what is written is held to it
        world.run({"2": node("Bounded", size=16, mode="a"), "3": show("2")})


def test_what_is_shown_beside_an_expansion_and_more_than_pictures_is_told(run, world):
    source = """
from comfy_execution.graph_utils import GraphBuilder
@node({"flag": ("BOOLEAN", {})})
def Inner(self, flag):
    return (repr(flag),)
@node({"a": ("INT", {"default": 1})}, OUTPUT_NODE=True)
def Outer(self, a):
    graph = GraphBuilder()
    return {"ui": {"value": [a, None, {"b": 2.5}], "text": ("x",)},
            "result": (graph.node("Inner", flag=4).out(0),), "expand": graph.finalize()}
"""
    assert run(source, {"1": node("Outer", a=3), "2": show("1")}) == ["x", "4"]
    ((_, said),) = [
        teller_said
        for event in world.events
        if isinstance(event, NodeFinished) and event.node == "1"
        for teller_said in told(event)
    ]
    (artifact,) = said["artifacts"]
    assert artifact["text"] == "x" and artifact["values"] == {"value": [3, None, {"b": 2.5}], "text": ["x"]}
    run(source, {"1": node("Outer", a=3), "2": show("1")})  # and again where nothing has to run
    skipped = [event for event in world.events if isinstance(event, NodeSkipped) and event.node == "1"]
    assert skipped and skipped[0].artifacts


def told(event):
    found = []
    Teller(lambda kind, said, blob=b"": found.append((kind, said)), lambda: False)(event)
    return found


def test_more_than_a_client_can_take_is_not_shown(world):
    world.pack(
        "pack",
        HEAD + "@node(returns=(), OUTPUT_NODE=True)\ndef Much(self):\n    return {'ui': {'x': ['y' * 2000000]}}\n",
    )
    world.load()
    result = world.run({"1": node("Much")})
    assert "1,048,576 are the most" in result.failures["1"].message


def test_a_blocker_in_a_list_keeps_back_its_item_alone(run, world):
    source = """
from comfy_execution.graph import ExecutionBlocker
@node({"count": ("INT", {"default": 3})}, returns=("INT",), OUTPUT_IS_LIST=(True,))
def Some(self, count):
    return ([ExecutionBlocker(None) if number == 1 else number for number in range(count)],)
"""
    assert run(source, {"1": node("Some", count=3), "2": show("1")}) == ["0", "2"]


def test_pictures_of_a_bar_and_inputs_by_any_name_reach_the_function(run, world):
    source = """
from comfy.utils import ProgressBar
from PIL import Image
@node({"a": ("STRING", {})}, {"b": ("STRING", {})})
def Any(self, **inputs):
    ProgressBar(2).update_absolute(1, 2, ("JPEG", Image.new("RGB", (4, 4)), 512))
    return (str(sorted(inputs)),)
"""
    assert run(source, {"1": node("Any", a="x", b="y"), "2": show("1")}) == ["['a', 'b']"]
    (progress,) = [event for event in world.events if isinstance(event, NodeProgress)]
    assert progress.preview().size == (4, 4)


def test_hidden_inputs_that_the_engine_does_not_fill_are_given_by_the_workflow(run):
    source = """
@node({"a": ("INT", {"default": 1})}, hidden={"inner": ("*",), "me": "UNIQUE_ID"})
def Hiding(self, a, me, **more):
    return (f"{a} {me} {more}",)
"""
    nodes = {"1": node("Hiding", a=2), "2": show("1"), "3": node("Hiding", a=2, inner=7), "4": show("3")}
    assert run(source, nodes) == ["2 1 {}", "2 3 {'inner': 7}"]
