"""The workflow as public classes ask for it: as it was sent, and as it stands in the middle of a run."""

import json
from collections.abc import Mapping
from typing import Any

from graph.reporting import Surroundings
from graph.workflow import NodeId
from workflows.document import Document


def editor_texts(document: Document) -> dict[str, Any]:
    """What goes into pictures beside the prompt: the editor's own file, where one was sent."""
    return {} if document.editor_text is None else {"workflow": json.loads(document.editor_text)}


class LiveGraph:
    """The nodes of a run, those that expansions put into it included."""

    def __init__(self, document: Document, around: Surroundings):
        self.original_prompt: Mapping[NodeId, Any] = document.api()
        self._around = around

    def get_original_prompt(self) -> Mapping[NodeId, Any]:
        return self.original_prompt

    def has_node(self, node_id: NodeId) -> bool:
        return self._around.find(node_id) is not None

    def get_node(self, node_id: NodeId) -> dict[str, Any]:
        """A node in the public API format. Raises KeyError for one that is not there."""
        bound = self._around.find(node_id)
        if bound is None:
            raise KeyError(node_id)
        links = {name: [link.node, link.output] for name, link in bound.links.items()}
        return {"class_type": bound.type.spec.name, "inputs": {**bound.constants, **links}}

    def get_display_node_id(self, node_id: NodeId) -> NodeId:
        """The node of the document that a node of an expansion is shown as."""
        return node_id.partition("/")[0]

    get_real_node_id = get_display_node_id

    def all_node_ids(self) -> set[NodeId]:
        return set(self.original_prompt)
