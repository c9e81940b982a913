"""The attributes of public classes as specs."""

import pytest

from graph.declare import NodeType
from graph.errors import DeclarationError
from graph.registry import Registry
from graph.spec import Choice, Options, Range, Seed, Text, spec_from_json, spec_to_json
from nodes.choices import FixedChoices
from nodes.comfyui.declaration import FileNames, declare
from server.comfyui.object_info import Definitions


def a_class(required=None, optional=None, hidden=None, **attributes):
    types = {"required": required or {}, "optional": optional or {}, "hidden": hidden or {}}
    defaults = {"RETURN_TYPES": (), "FUNCTION": "go", "go": lambda self: (), "INPUT_TYPES": lambda: types}
    return type("Any", (), defaults | attributes)


def inputs_of(**required):
    declared = declare("Any", a_class(required), "Any", "pack")
    return {entry.name: entry for entry in declared.spec.inputs}


def test_types_and_options_become_widgets():
    inputs = inputs_of(
        steps=("INT", {"default": 20, "min": 1, "max": 100, "step": 2, "tooltip": "how many"}),
        seed=("INT", {"default": 0, "min": 0, "max": 0xFFFFFFFFFFFFFFFF}),
        text=("STRING", {"multiline": True}),
        method=(["a", "b"], {"default": "b"}),
        newer=("COMBO", {"options": ["x", "y"]}),
        count=([1, 2, 4],),
        lora=(FileNames("loras", ["neon.safetensors"]),),
        amount=("FLOAT", {"default": 1, "min": 0, "max": 2}),
        model=("MODEL",),
        anything=("*",),
        number=("INT,FLOAT",),
    )
    assert inputs["steps"].widget == Range(1, 100, 2) and inputs["steps"].tip == "how many"
    assert inputs["seed"].widget == Seed()
    assert inputs["text"].widget == Text(multiline=True) and inputs["text"].required
    assert inputs["method"].widget == Options(("a", "b")) and inputs["method"].default == "b"
    assert inputs["newer"].widget == Options(("x", "y")) and inputs["newer"].default == "x"
    assert inputs["count"].socket == "INT"
    assert inputs["lora"].widget == Choice("loras")
    assert inputs["amount"].default == 1.0 and type(inputs["amount"].default) is float
    assert inputs["model"].required and inputs["model"].widget is None
    assert inputs["number"].sockets == {"INT", "FLOAT"}


def test_lists_flags_and_names_of_outputs():
    kind = a_class(
        {"images": ("IMAGE",)},
        INPUT_IS_LIST=True,
        RETURN_TYPES=("IMAGE", "INT"),
        RETURN_NAMES=("batch",),
        OUTPUT_IS_LIST=(True, False),
        OUTPUT_NODE=True,
        DEPRECATED=True,
        DESCRIPTION="Joins.",
    )
    spec = declare("Join", kind, "Join them", "pack").spec
    assert spec.inputs[0].many and spec.is_target
    assert [(output.name, output.socket, output.many) for output in spec.outputs] == [
        ("batch", "IMAGE", True),
        ("INT", "INT", False),
    ]
    assert spec.description == "This node is deprecated.\n\nJoins." and spec.category == "pack"


def test_inputs_that_the_class_judges_itself_are_free():
    kind = a_class({"a": ("INT", {"min": 0}), "b": ("INT", {"min": 0})}, VALIDATE_INPUTS=lambda a: True)
    assert [entry.free for entry in declare("Any", kind, "Any", "pack").spec.inputs] == [True, False]
    every = a_class({"a": ("INT", {})}, VALIDATE_INPUTS=lambda **inputs: True)
    assert declare("Any", every, "Any", "pack").spec.inputs[0].free


def test_a_spec_survives_json():
    kind = a_class({"a": ([1.5, 2.5], {"lazy": True}), "b": ("STRING", {})}, {"c": ("MASK",)}, RETURN_TYPES=("*",))
    spec = declare("Any", kind, "Any", "pack").spec
    assert spec_from_json(spec_to_json(spec)) == spec


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        (type("Any", (), {}), "no INPUT_TYPES"),
        (a_class(FUNCTION="missing"), "'missing', which is no method"),
        (a_class(INPUT_TYPES=lambda: 1 / 0), "INPUT_TYPES failed: division by zero"),
        (a_class(INPUT_TYPES=list), "a dict of dicts"),
        (a_class({"a": "INT"}), "input 'a' must be a tuple"),
        (a_class({"a": (3,)}), "no socket can have"),
        (a_class(RETURN_TYPES="IMAGE"), "RETURN_TYPES must be a tuple"),
    ],
)
def test_a_class_that_breaks_the_contract_is_refused_in_a_sentence(kind, sentence):
    with pytest.raises(DeclarationError, match=sentence):
        declare("Any", kind, "Any", "pack")


def test_what_other_front_ends_need_to_know_is_kept():
    kind = a_class(
        {
            "image": (["a.png"], {"image_upload": True}),
            "size": ("INT", {"default": 2, "display": "slider", "forceInput": True, "odd": object()}),
            "pick": ("COMBO", {"options": ["x"], "control_after_generate": True}),
        },
        {"more": ("STRING", {"default": "", "placeholder": "…"})},
        {"id": "UNIQUE_ID"},
        RETURN_TYPES=("IMAGE",),
        OUTPUT_TOOLTIPS=("the picture",),
        EXPERIMENTAL=True,
    )
    spec = declare("Any", kind, "Any", "pack").spec
    assert spec.inputs[0].widget == Choice("images") and spec.inputs[0].required
    registry = Registry()
    registry.add(NodeType(spec, print))
    public = Definitions(registry, {"images": FixedChoices(["a.png", "new.png"])})
    entry = public.one("Any")["Any"]
    assert entry["input"]["required"] == {
        "image": [["a.png", "new.png"], {"image_upload": True}],
        "size": ["INT", {"default": 2, "display": "slider", "forceInput": True, "min": -(2**63), "max": 2**63}],
        "pick": [["x"], {"control_after_generate": True, "default": "x"}],
    }
    assert entry["input"]["optional"]["more"] == ["STRING", {"default": "", "placeholder": "…", "multiline": False}]
    assert entry["input"]["hidden"] == {"id": "UNIQUE_ID"}
    assert entry["output_tooltips"] == ["the picture"] and entry["experimental"] is True
    assert entry["python_module"] == "custom_nodes.pack" and "sections" not in entry
