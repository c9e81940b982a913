import json

import pytest

from graph.errors import InvalidWorkflow
from workflows.document import FORMAT, read_document
from workflows.values import find_nodes, find_places, with_values

NODES = {
    "3": {"class_type": "KSampler", "inputs": {"seed": 1}, "_meta": {"title": "First Pass"}},
    "4": {"class_type": "KSampler", "inputs": {"seed": 2}},
    "5": {"class_type": "Save", "inputs": {"images": ["3", 0]}},
    "6:1": {"class_type": "Note"},
}
INNER = {
    "nodes": {"9": {"class_type": "Noise", "inputs": {"seed": 1}}},
    "inputs": [{"name": "seed", "to": [["9", "seed"]]}],
}


@pytest.mark.parametrize("key", ["3.seed", "First Pass.seed"])
def test_a_node_is_meant_by_id_or_by_title(key):
    changed = with_values(read_document(NODES), {key: 2**64 - 1})
    assert changed.workflow.nodes["3"].inputs["seed"] == 2**64 - 1
    assert changed.members["nodes"]["3"]["inputs"]["seed"] == 2**64 - 1


def test_a_class_will_do_where_only_one_node_has_it():
    assert with_values(read_document(NODES), {"Save.prefix": "a"}).workflow.nodes["5"].inputs["prefix"] == "a"


def test_a_name_that_several_nodes_have_is_refused_with_their_ids():
    with pytest.raises(InvalidWorkflow, match="3, 4"):
        with_values(read_document(NODES), {"KSampler.seed": 1})


def test_a_name_that_is_not_there_is_refused_with_near_ones():
    with pytest.raises(InvalidWorkflow, match=r"First Pass\.seed"):
        with_values(read_document(NODES), {"First Pas.seed": 1})
    with pytest.raises(InvalidWorkflow, match=r"NODE\.INPUT"):
        with_values(read_document(NODES), {"": 1})


def test_the_document_that_was_changed_stays_as_it_was():
    document = read_document(NODES)
    with_values(document, {"3.seed": 7})
    assert document.members["nodes"]["3"]["inputs"] == {"seed": 1}
    assert document.workflow.nodes["3"].inputs == {"seed": 1}


def test_a_value_may_take_the_place_of_a_link_and_a_list_stays_a_list():
    changed = with_values(read_document(NODES), {"5.images": ["3", 0]})
    assert changed.workflow.nodes["5"].inputs["images"] == ["3", 0]
    assert json.loads(changed.text())["nodes"]["5"]["inputs"]["images"] == {"__value__": ["3", 0]}


def test_input_names_may_have_dots():
    assert find_places(read_document(NODES), "3.output.normalization") == [("3", "output.normalization")]


def test_ids_of_public_files_may_have_colons():
    assert with_values(read_document(NODES), {"6:1.text": "a"}).workflow.nodes["6:1"].inputs == {"text": "a"}


def test_a_parameter_of_the_whole_sets_all_it_leads_to():
    members = {"format": FORMAT, "nodes": NODES, "inputs": [{"name": "seed", "to": [["3", "seed"], ["4", "seed"]]}]}
    changed = with_values(read_document(members), {"seed": 8})
    assert [changed.workflow.nodes[node].inputs["seed"] for node in ("3", "4")] == [8, 8]


def test_a_value_inside_one_instance_leaves_the_other_alone():
    members = {
        "format": FORMAT,
        "nodes": {"1": {"class_type": "subgraph:n"}, "2": {"class_type": "subgraph:n"}},
        "definitions": {"n": INNER},
    }
    changed = with_values(read_document(members), {"1:9.seed": 5, "1:9.kind": "pink"})
    assert changed.workflow.nodes["1:9"].inputs == {"seed": 5, "kind": "pink"}
    assert changed.workflow.nodes["2:9"].inputs == {"seed": 1}
    assert read_document(changed.text()).workflow == changed.workflow


def test_a_value_that_an_instance_hides_is_set_on_the_instance():
    members = {
        "format": FORMAT,
        "nodes": {"1": {"class_type": "subgraph:o", "inputs": {"seed": 3}}},
        "definitions": {
            "o": {
                "nodes": {"7": {"class_type": "subgraph:n", "inputs": {"seed": 0}}},
                "inputs": [{"name": "seed", "to": [["7", "seed"]]}],
            },
            "n": INNER,
        },
    }
    changed = with_values(read_document(members), {"1:7:9.seed": 11})
    assert changed.workflow.nodes["1:7:9"].inputs["seed"] == 11
    assert changed.members["nodes"]["1"]["inputs"]["seed"] == 11


def test_an_instance_is_found_by_its_title():
    members = {
        "format": FORMAT,
        "nodes": {"1": {"class_type": "subgraph:n", "_meta": {"title": "Grain"}}},
        "definitions": {"n": INNER},
    }
    document = read_document(members)
    assert find_nodes(document, "Grain") == ("1",)
    assert with_values(document, {"Grain.seed": 4}).workflow.nodes["1:9"].inputs["seed"] == 4


def test_a_broken_document_takes_no_values():
    with pytest.raises(InvalidWorkflow):
        with_values(read_document("{"), {"3.seed": 1})
