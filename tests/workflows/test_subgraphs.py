import pytest

from graph.workflow import Link
from workflows.document import FORMAT, read_document

SAMPLING = {
    "nodes": {
        "3": {"class_type": "KSampler", "inputs": {"seed": 1, "steps": 4}, "_meta": {"title": "Inner"}},
        "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0]}},
    },
    "inputs": [{"name": "model", "to": [["3", "model"]]}, {"name": "seed", "to": [["3", "seed"]]}],
    "outputs": [{"name": "image", "from": ["8", 0]}, {"name": "latent", "from": ["3", 0]}],
}


def document(nodes, definitions, **members):
    return read_document({"format": FORMAT, "nodes": nodes, "definitions": definitions, **members})


def test_an_instance_becomes_its_nodes_and_links_go_through_it():
    flat = document(
        {
            "1": {"class_type": "Loader"},
            "57": {"class_type": "subgraph:s", "inputs": {"model": ["1", 0], "seed": 9}},
            "60": {"class_type": "Save", "inputs": {"images": ["57", 0], "samples": ["57", 1]}},
        },
        {"s": SAMPLING},
    )
    nodes = flat.workflow.nodes
    assert flat.problems == ()
    assert nodes.keys() == {"1", "60", "57:3", "57:8"}
    assert nodes["57:3"].inputs == {"seed": 9, "steps": 4, "model": Link("1", 0)}
    assert nodes["57:8"].inputs == {"samples": Link("57:3", 0)}
    assert nodes["60"].inputs == {"images": Link("57:8", 0), "samples": Link("57:3", 0)}


def test_two_instances_of_one_definition_do_not_share_values():
    flat = document(
        {"1": {"class_type": "subgraph:s", "inputs": {"seed": 5}}, "2": {"class_type": "subgraph:s"}}, {"s": SAMPLING}
    )
    assert flat.workflow.nodes["1:3"].inputs["seed"] == 5
    assert flat.workflow.nodes["2:3"].inputs["seed"] == 1


def test_subgraphs_nest():
    outer = {
        "nodes": {"7": {"class_type": "subgraph:s", "inputs": {}}},
        "inputs": [{"name": "seed", "to": [["7", "seed"]]}],
        "outputs": [{"name": "image", "from": ["7", 0]}],
    }
    flat = document(
        {
            "1": {"class_type": "subgraph:o", "inputs": {"seed": 3}},
            "2": {"class_type": "Save", "inputs": {"x": ["1", 0]}},
        },
        {"o": outer, "s": SAMPLING},
    )
    assert flat.workflow.nodes["1:7:3"].inputs["seed"] == 3
    assert flat.workflow.nodes["2"].inputs["x"] == Link("1:7:8", 0)


def test_the_mode_of_an_instance_holds_for_all_that_is_inside():
    flat = document({"1": {"class_type": "subgraph:s"}}, {"s": SAMPLING}, modes={"1": "mute"})
    assert {node.mode for node in flat.workflow.nodes.values()} == {"mute"}


def test_a_definition_may_switch_off_nodes_of_its_own():
    flat = document({"1": {"class_type": "subgraph:s"}}, {"s": SAMPLING | {"modes": {"8": "bypass"}}})
    assert [flat.workflow.nodes[name].mode for name in ("1:3", "1:8")] == ["run", "bypass"]


def test_problems_inside_a_definition_name_it():
    broken = SAMPLING | {"nodes": {"3": {"class_type": "K"}, "8": {"inputs": {}}}}
    flat = document({"1": {"class_type": "subgraph:s"}}, {"s": broken})
    assert [problem.node for problem in flat.problems] == ["s/8"]


@pytest.mark.parametrize(
    ("nodes", "definitions", "code"),
    [
        ({"1": {"class_type": "subgraph:x"}}, {}, "unknown_subgraph"),
        ({"1": {"class_type": "subgraph:x"}}, {"x": 5}, "bad_document"),
        (
            {"1": {"class_type": "subgraph:x"}},
            {"x": {"nodes": {"1": {"class_type": "subgraph:x"}}}},
            "recursive_subgraph",
        ),
        ({"1": {"class_type": "subgraph:s", "inputs": {"sed": 1}}}, {"s": SAMPLING}, "unknown_input"),
        ({"1": {"class_type": "subgraph:s"}}, {"s": SAMPLING | {"outputs": [{"name": "a"}]}}, "bad_document"),
        (
            {"1": {"class_type": "subgraph:s"}},
            {"s": SAMPLING | {"inputs": [{"name": "a", "to": [["9", "b"]]}]}},
            "bad_document",
        ),
    ],
)
def test_what_cannot_be_taken_apart_is_a_problem(nodes, definitions, code):
    assert code in [problem.code for problem in document(nodes, definitions).problems]


def test_definitions_that_multiply_without_end_are_refused(monkeypatch):
    monkeypatch.setattr("workflows.subgraphs.MOST_NODES", 1000)
    definitions = {
        str(depth): {"nodes": {str(i): {"class_type": f"subgraph:{depth + 1}"} for i in range(30)}}
        for depth in range(9)
    }
    flat = document({"1": {"class_type": "subgraph:0"}}, definitions | {"9": SAMPLING})
    assert "1000 nodes" in flat.problems[-1].message


def test_a_mode_of_a_node_that_is_not_there_is_said():
    document = read_document({"format": "patchbay/1", "nodes": {"1": {"class_type": "A"}}, "modes": {"9": "mute"}})
    assert [(problem.node, problem.severity) for problem in document.problems] == [("9", "warning")]
