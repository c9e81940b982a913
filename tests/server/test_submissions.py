"""What people send, read in whatever form and checked."""

import json
from pathlib import Path
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as some

from diffusion.files.folders import ModelFolders
from graph.declare import Choice, node
from graph.registry import Registry
from nodes import builtin
from nodes.choices import choices
from server.refusals import Refused
from server.submissions import Wanted, half_character, look_over, read_members, read_source, submission
from workflows.checking import World


@node("Load")
def load(name: Annotated[str, Choice("checkpoints")], kind: Annotated[str, Choice("schedulers")]) -> None:
    """Load a model."""


@pytest.fixture
def world(tmp_path):
    (tmp_path / "models/checkpoints/sub").mkdir(parents=True)
    (tmp_path / "models/checkpoints/sub/a.safetensors").write_bytes(b"\x02\0\0\0\0\0\0\0{}")
    folders = ModelFolders(tmp_path)
    return World(Registry(load), choices(folders, tmp_path / "input"))


def test_the_models_that_a_job_needs_are_named_as_they_are_here(world):
    inputs = {"name": "A.safetensors", "kind": "karras"}
    document = read_members({"1": {"class_type": "Load", "inputs": inputs}}, world)
    found = submission(document, world, Wanted())
    assert found.models == ("checkpoints/sub/a.safetensors",)
    assert found.remarks()[0]["code"] == "found_as" and found.targets is None
    assert json.loads(found.text)["nodes"]["1"]["inputs"] == inputs


def test_several_faults_are_one_sentence_and_all_problems(world):
    document = read_members(
        {"1": {"class_type": "Load", "inputs": {}}, "2": {"class_type": "Lod", "inputs": {}}}, world
    )
    with pytest.raises(Refused) as error:
        submission(document, world, Wanted())
    assert error.value.status == 422 and error.value.detail.endswith("(and 1 more)")
    assert {problem.input for problem in error.value.problems if problem.node == "1"} == {"name", "kind"}


@pytest.mark.parametrize("where", ["value", "name", "id"])
def test_half_a_character_is_found_wherever_it_stands(world, where):
    nodes = {
        "value": {"1": {"class_type": "Load", "inputs": {"name": "\ud800"}}},
        "name": {"1": {"class_type": "Load", "inputs": {"\udfff": 1}}},
        "id": {"\ud83d": {"class_type": "Load", "inputs": {}}},
    }[where]
    assert read_members(nodes, world).errors[0].code == "not_text"
    assert read_source(json.dumps(nodes).encode(), world).errors[0].code == "not_text"


def test_a_whole_character_is_no_half():
    assert half_character({"a": ["\U0001f600", "é", {"ü": "\ue000"}]}) is None


BUILTIN = World(Registry(*builtin()), choices(ModelFolders("nowhere"), Path("nowhere")))
NAMES = {
    node_type.spec.name: [
        f"{declared.growing}1" if declared.growing else declared.name for declared in node_type.spec.inputs
    ]
    for node_type in BUILTIN.registry
}
ODD = some.one_of(
    some.none(),
    some.booleans(),
    some.integers(),
    some.floats(),
    some.sampled_from(["a\0b", "..", "../../x", "x" * 3000, "%x%", "{a|b", "<lora:a:b>", "[a:b:", "1e400", "0"]),
    some.text(max_size=10),
    some.lists(some.one_of(some.integers(), some.text(max_size=3)), max_size=3),
    some.dictionaries(some.text(max_size=3), some.integers(), max_size=2),
)


@some.composite
def of_real_nodes(draw):
    """A few built-in nodes with odd values in their inputs."""
    kinds = draw(some.lists(some.sampled_from(sorted(NAMES)), min_size=1, max_size=3))
    nodes = {}
    for number, kind in enumerate(kinds):
        inputs = {name: draw(some.one_of(ODD, some.just(["0", 0]))) for name in NAMES[kind]}
        nodes[str(number)] = {"class_type": kind, "inputs": inputs}
    return nodes


@given(of_real_nodes())
def test_no_value_in_any_built_in_node_is_too_odd_for_a_check(nodes):
    checked = look_over(read_source(json.dumps(nodes).encode(), BUILTIN), BUILTIN, Wanted(partial=True))
    assert checked.graph is not None or any(problem.severity == "error" for problem in checked.problems)
