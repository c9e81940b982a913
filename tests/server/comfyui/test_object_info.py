"""Node types as public definitions."""

from typing import Annotated

import pytest

from graph.declare import Growing, node
from graph.registry import Registry
from nodes import builtin
from nodes.choices import FixedChoices
from server.comfyui.object_info import OF_THE_EDITOR, Definitions

REGISTRY = Registry(*builtin())
SOURCES = {
    declared.widget.source
    for node_type in REGISTRY
    for declared in node_type.spec.inputs
    if hasattr(declared.widget, "source")
}


@pytest.fixture(scope="module")
def definitions():
    return Definitions(REGISTRY, {source: FixedChoices(["one", "two"]) for source in SOURCES})


def test_a_sampler_is_defined_as_its_users_know_it(definitions):
    sampler = definitions.one("KSampler")["KSampler"]
    assert list(sampler["input"]["required"]) == [
        "model", "positive", "negative", "latent_image", "seed", "steps", "cfg", "sampler_name", "scheduler", "denoise",
    ]  # fmt: skip
    kind, options = sampler["input"]["required"]["seed"]
    assert (kind, options["max"], options["control_after_generate"]) == ("INT", 2**64 - 1, True)
    assert sampler["input"]["required"]["sampler_name"][0] == ["one", "two"]
    assert (
        sampler["input"]["required"]["model"] == ["MODEL", {}] or "tooltip" in sampler["input"]["required"]["model"][1]
    )
    assert sampler["output"] == ["LATENT"] and sampler["output_node"] is False


def test_pictures_to_load_can_be_uploaded_and_aliases_are_known(definitions):
    assert definitions.one("LoadImage")["LoadImage"]["input"]["required"]["image"][1]["image_upload"] is True
    everything = definitions.all()
    assert {"CheckpointLoader", "CheckpointLoaderSimple"} <= everything.keys()
    assert not OF_THE_EDITOR & everything.keys()
    assert definitions.one("Nothing") == {}


def test_every_definition_has_the_public_shape(definitions):
    for name, entry in definitions.all().items():
        assert entry["name"] == name and set(entry["input"]) <= {"required", "optional"}
        for section, inputs in entry["input"].items():
            assert entry["input_order"][section] == list(inputs)
            for kind, options in inputs.values():
                assert isinstance(kind, (str, list)) and isinstance(options, dict)
        assert len(entry["output"]) == len(entry["output_is_list"]) == len(entry["output_name"])


@node("Join", category="test")
def join(text: Annotated[list[str], Growing("text_")]) -> str:
    """Join texts."""
    return "".join(text)


def test_inputs_that_grow_are_offered_by_number():
    inputs = Definitions(Registry(join), {}).one("Join")["Join"]["input"]
    assert list(inputs["required"]) == ["text_1"] and list(inputs["optional"])[-1] == "text_8"
