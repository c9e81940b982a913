"""What the editor's verbs write is what this side reads; web/test/document/made.test.ts holds the same documents."""

from pathlib import Path

import pytest

from graph.workflow import Link
from workflows.document import read_document
from workflows.lenient_json import read_json

MADE = read_json((Path(__file__).parents[2] / "web" / "test" / "document" / "made.json").read_bytes())
PLAIN, *GROUPED = MADE


def meaning(members):
    """The flat workflow whatever its ids are: each node by its type and text, with what its inputs read."""
    nodes = read_document(members).workflow.nodes

    def source(link):
        while nodes[link.node].type == "Reroute":
            link = nodes[link.node].inputs["value"]
        node = nodes[link.node]
        return node.type, node.inputs.get("text"), link.output

    return sorted(
        (
            node.type,
            sorted((name, source(value) if isinstance(value, Link) else value) for name, value in node.inputs.items()),
        )
        for node in nodes.values()
        if node.mode == "run" and node.type != "Reroute"
    )


@pytest.mark.parametrize("members", MADE)
def test_nothing_is_wrong_with_it(members):
    assert read_document(members).problems == ()


@pytest.mark.parametrize("members", GROUPED)
def test_a_subgraph_means_what_its_nodes_meant(members):
    assert members["definitions"]
    assert meaning(members) == meaning(PLAIN)
