import json
from typing import Annotated

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from graph.declare import Range, Resource, Seed, Text, node
from graph.registry import Registry
from graph.reporting import Progress
from graph.workflow import Link
from workflows.comfyui.editing import read_for_editing
from workflows.comfyui.reading import read_editor_format
from workflows.document import read_document


class Model:
    socket = "MODEL"


class Latent:
    socket = "LATENT"


@node("Loader")
def load(name: Annotated[str, Text()] = "") -> Model:
    return Model()


@node("Sampler")
def sample(
    progress: Resource[Progress],
    model: Model,
    seed: Annotated[int, Seed()] = 0,
    steps: Annotated[int, Range(1, 100)] = 20,
    cfg: float = 7.0,
    latent: Latent | None = None,
) -> Latent:
    return Latent()


@node("Tile")
def tile(latent: Latent, times: int = 1) -> Latent:
    return latent


REGISTRY = Registry(load, sample, tile)
LOADER = {
    "id": 1,
    "type": "Loader",
    "outputs": [{"name": "MODEL", "type": "MODEL"}],
    "widgets_values": ["a.safetensors"],
}


def sampler(id=2, model=None, values=(7, "randomize", 12, 5.5), **more):
    sockets = [{"name": "model", "type": "MODEL", "link": model}, {"name": "latent", "type": "LATENT", "link": None}]
    outputs = [{"name": "LATENT", "type": "LATENT"}]
    return {"id": id, "type": "Sampler", "inputs": sockets, "outputs": outputs, "widgets_values": list(values)} | more


def tiled(id, link, **more):
    sockets = [{"name": "latent", "type": "LATENT", "link": link}]
    outputs = [{"name": "LATENT", "type": "LATENT"}]
    return {"id": id, "type": "Tile", "inputs": sockets, "outputs": outputs, "widgets_values": [2]} | more


def read(*nodes, links=(), **more):
    return read_editor_format(
        {"nodes": list(nodes), "links": [list(link) for link in links], "version": 0.4} | more, REGISTRY
    )


def inputs(document, node_id):
    return document.workflow.nodes[node_id].inputs


def test_widgets_get_the_names_of_the_declaration_and_links_their_nodes():
    document = read(LOADER, sampler(model=1, title="Main"), links=[(1, 1, 0, 2, 0, "MODEL")])
    assert document.problems == ()
    assert inputs(document, "1") == {"name": "a.safetensors"}
    assert inputs(document, "2") == {"seed": 7, "steps": 12, "cfg": 5.5, "model": Link("1", 0)}
    assert document.workflow.nodes["2"].title == "Main"


def test_what_becomes_of_a_seed_is_kept():
    assert read(sampler()).members["controls"] == {"2.seed": "randomize"}


def test_files_from_before_seeds_had_controls_are_read():
    assert inputs(read(sampler(values=(7, 12, 5.5))), "2") == {"seed": 7, "steps": 12, "cfg": 5.5}


def test_values_by_name_are_taken_by_name():
    by_name = {"cfg": 2.0, "seed": 3, "control_after_generate": "fixed"}
    assert inputs(read(sampler() | {"widgets_values": by_name}), "2") == {"seed": 3, "cfg": 2.0}


def test_missing_values_are_left_to_their_defaults_and_like_surplus_ones_reported():
    document = read(sampler(values=(7,)))
    assert inputs(document, "2") == {"seed": 7}
    [problem] = document.problems
    assert (problem.code, problem.node, problem.severity) == ("missing_values", "2", "warning")
    assert "'steps' and 'cfg'" in problem.message
    document = read(sampler(values=(7, 12, 5.5, "later", 1)))
    assert [(problem.code, problem.node, problem.severity) for problem in document.problems] == [
        ("surplus_values", "2", "warning")
    ]


def test_a_link_is_stronger_than_the_widget_it_goes_to():
    sockets = [{"name": "steps", "type": "INT", "link": 5, "widget": {"name": "steps"}}]
    number = {"id": 9, "type": "PrimitiveNode", "outputs": [{"type": "INT"}], "widgets_values": [33, "fixed"]}
    document = read(sampler(inputs=sockets), number, links=[(5, 9, 0, 2, 0, "INT")])
    assert inputs(document, "2")["steps"] == 33
    assert "9" not in document.workflow.nodes


def test_reroutes_and_notes_are_not_there():
    reroute = {
        "id": 5,
        "type": "Reroute",
        "inputs": [{"name": "", "type": "*", "link": 1}],
        "outputs": [{"type": "MODEL"}],
    }
    note = {"id": 6, "type": "MarkdownNote", "widgets_values": ["hello"]}
    document = read(LOADER, reroute, note, sampler(model=2), links=[(1, 1, 0, 5, 0, "*"), (2, 5, 0, 2, 0, "MODEL")])
    assert document.workflow.nodes.keys() == {"1", "2"}
    assert inputs(document, "2")["model"] == Link("1", 0)


def test_muted_nodes_take_their_links_with_them_and_bypassed_ones_pass_on():
    links = [(1, 2, 0, 3, 0, "LATENT"), (2, 3, 0, 4, 0, "LATENT")]
    for mode, expected in ((2, {"times": 2}), (4, {"times": 2, "latent": Link("2", 0)})):
        document = read(sampler(), tiled(3, 1, mode=mode), tiled(4, 2), links=links)
        assert document.workflow.nodes.keys() == {"2", "4"}
        assert inputs(document, "4") == expected


def test_reroutes_in_a_circle_end():
    reroute = {"id": 5, "type": "Reroute", "inputs": [{"name": "", "type": "*", "link": 1}]}
    assert "latent" not in inputs(read(reroute, tiled(4, 2), links=[(1, 5, 0, 5, 0, "*"), (2, 5, 0, 4, 0, "*")]), "4")


def subgraph(**more):
    return {
        "id": "u-u-i-d",
        "name": "Sampling",
        "nodes": [sampler(model=1), tiled(3, 2)],
        "links": [
            {"id": 1, "origin_id": -10, "origin_slot": 0, "target_id": 2, "target_slot": 0, "type": "MODEL"},
            {"id": 2, "origin_id": 2, "origin_slot": 0, "target_id": 3, "target_slot": 0, "type": "LATENT"},
            {"id": 3, "origin_id": 3, "origin_slot": 0, "target_id": -20, "target_slot": 0, "type": "LATENT"},
        ],
        "inputs": [{"name": "model", "type": "MODEL"}],
        "outputs": [{"name": "LATENT", "type": "LATENT"}],
    } | more


def instance(id=57, **more):
    sockets = [{"name": "model", "type": "MODEL", "link": 8}]
    return {
        "id": id,
        "type": "u-u-i-d",
        "inputs": sockets,
        "outputs": [{"type": "LATENT"}],
        "widgets_values": [],
    } | more


OUTER = [(8, 1, 0, 57, 0, "MODEL"), (9, 57, 0, 4, 0, "LATENT")]


def read_subgraph(*nodes, definition=None):
    definitions = {"subgraphs": [definition or subgraph()]}
    return read(LOADER, *nodes, tiled(4, 9), links=OUTER, definitions=definitions)


def test_links_lead_into_subgraphs_and_out_again():
    document = read_subgraph(instance())
    assert document.problems == ()
    assert document.workflow.nodes.keys() == {"1", "4", "57:2", "57:3"}
    assert inputs(document, "57:2")["model"] == Link("1", 0)
    assert inputs(document, "57:3")["latent"] == Link("57:2", 0)
    assert inputs(document, "4")["latent"] == Link("57:3", 0)


def test_an_instance_writes_values_into_widgets_inside():
    proxies = {"proxyWidgets": [["2", "steps"], ["3", "times"]]}
    document = read_subgraph(instance(properties=proxies, widgets_values=[50, 4]))
    assert (inputs(document, "57:2")["steps"], inputs(document, "57:3")["times"]) == (50, 4)
    kept = read_subgraph(instance(properties=proxies))
    assert (inputs(kept, "57:2")["steps"], inputs(kept, "57:3")["times"]) == (12, 2)


def test_an_instance_writes_values_into_its_own_inputs():
    steps = {"name": "steps", "type": "INT", "link": 4, "widget": {"name": "steps"}}
    inner = sampler(model=1)
    inner["inputs"].append(steps)
    into_steps = {"id": 4, "origin_id": -10, "origin_slot": 1, "target_id": 2, "target_slot": 2, "type": "INT"}
    definition = subgraph(
        nodes=[inner, tiled(3, 2)],
        links=[*subgraph()["links"], into_steps],
        inputs=[{"name": "model", "type": "MODEL"}, {"name": "steps", "type": "INT"}],
    )
    assert inputs(read_subgraph(instance(widgets_values=[77]), definition=definition), "57:2")["steps"] == 77
    named = instance(widgets_values=None, widgets_values_named={"steps": 78})
    assert inputs(read_subgraph(named, definition=definition), "57:2")["steps"] == 78
    assert inputs(read_subgraph(instance(), definition=definition), "57:2")["steps"] == 12


def test_a_bypassed_instance_is_passed_by_whole():
    document = read_subgraph(instance(mode=4, inputs=[{"name": "latent", "type": "LATENT", "link": 7}]), sampler(20))
    assert not any(":" in node_id for node_id in document.workflow.nodes)


def test_a_subgraph_inside_itself_is_a_problem():
    definition = subgraph(nodes=[{"id": 1, "type": "u-u-i-d"}])
    assert [problem.code for problem in read_subgraph(instance(), definition=definition).problems] == [
        "recursive_subgraph"
    ]


def test_group_nodes_of_old_are_named():
    document = read({"id": 1, "type": "workflow>mine"})
    assert [problem.code for problem in document.problems] == ["group_node"]


def test_a_literal_list_stays_one():
    assert read(sampler(values=([1, 2],))).api()["2"]["inputs"]["seed"] == {"__value__": [1, 2]}


def test_the_original_goes_along():
    source = {"nodes": [sampler()], "links": []}
    document = read_editor_format(source, REGISTRY)
    assert json.loads(document.editor_text) == source
    assert json.loads(document.chunks()["workflow"]) == source
    assert read_document(document.text()).workflow == document.workflow


@pytest.mark.parametrize("source", [{}, {"nodes": 5}, {"nodes": [5, {}, {"id": 1}], "links": [[], 5, {}]}])
def test_what_is_hardly_a_workflow_is_a_problem(source):
    assert read_editor_format(source, REGISTRY).errors


atom = some.none() | some.integers(-20, 5) | some.text(max_size=3) | some.sampled_from(["Sampler", "Reroute", "u"])
anything = some.recursive(
    atom,
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
socket = some.fixed_dictionaries({}, optional={"name": atom, "type": atom, "link": anything, "widget": anything})
placed = some.fixed_dictionaries(
    {"id": atom, "type": atom},
    optional={
        "mode": anything,
        "title": anything,
        "inputs": some.lists(socket | anything, max_size=3) | anything,
        "outputs": some.lists(socket | anything, max_size=3) | anything,
        "properties": some.fixed_dictionaries({"proxyWidgets": some.lists(some.lists(atom, max_size=3)) | anything})
        | anything,
        "widgets_values": anything,
        "widgets_values_named": anything,
    },
)
link = some.lists(atom, min_size=3, max_size=6) | anything


@given(
    some.lists(placed | anything, max_size=4),
    some.lists(link, max_size=4),
    some.lists(placed | anything, max_size=3),
    some.lists(link, max_size=3),
)
@settings(max_examples=150, deadline=None)
def test_no_file_breaks_the_reader(nodes, links, inner, inner_links):
    definition = {"id": "u", "nodes": inner, "links": inner_links, "inputs": inner, "outputs": inner_links}
    file = {"nodes": nodes, "links": links, "groups": nodes, "definitions": {"subgraphs": [definition, 5]}}
    read_editor_format(file, REGISTRY)
    read_for_editing(file, REGISTRY)
