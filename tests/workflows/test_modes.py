from typing import Annotated

from graph.declare import Artifact, node
from graph.registry import Registry
from workflows.document import FORMAT, read_document
from workflows.modes import without_modes


class Latent:
    socket = "LATENT"


@node("Empty")
def empty() -> Latent:
    return Latent()


@node("Blur")
def blur(samples: Latent, mask: Latent | None = None, amount: Annotated[int, "how much"] = 1) -> Latent:
    return samples


@node("Save")
def save(samples: Latent) -> Artifact:
    return Artifact()


REGISTRY = Registry(empty, blur, save)
NODES = {
    "1": {"class_type": "Empty"},
    "2": {"class_type": "Blur", "inputs": {"samples": ["1", 0], "amount": 3}},
    "3": {"class_type": "Blur", "inputs": {"samples": ["1", 0], "mask": ["2", 0]}},
    "4": {"class_type": "Save", "inputs": {"samples": ["2", 0]}},
}


def flattened(modes):
    return without_modes(read_document({"format": FORMAT, "nodes": NODES, "modes": modes}), REGISTRY)


def test_a_muted_node_is_left_out_and_so_are_the_links_to_it():
    api = flattened({"2": "mute"}).api()
    assert api.keys() == {"1", "3", "4"}
    assert api["3"]["inputs"] == {"samples": ["1", 0]}
    assert api["4"]["inputs"] == {}


def test_links_go_around_a_bypassed_node():
    api = flattened({"2": "bypass"}).api()
    assert api["4"]["inputs"] == {"samples": ["1", 0]}
    assert api["3"]["inputs"] == {"samples": ["1", 0], "mask": ["1", 0]}


def test_the_document_itself_keeps_its_modes():
    assert flattened({"2": "mute"}).members["modes"] == {"2": "mute"}


def test_without_modes_nothing_changes():
    document = read_document(NODES)
    assert without_modes(document, REGISTRY) is document
