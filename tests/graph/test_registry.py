import pytest

from graph.declare import node
from graph.errors import DeclarationError
from graph.registry import Registry
from tests.graph.conftest import add, number


@node("Loader", "OldLoader")
def load() -> int:
    return 1


def test_a_node_is_found_by_name_and_alias_and_listed_once():
    registry = Registry(load, number)
    assert registry["Loader"] is registry["OldLoader"] is load.node_type
    assert [node_type.spec.name for node_type in registry] == ["Loader", "Number"]
    assert len(registry) == 2 and "OldLoader" in registry and "Other" not in registry


def test_two_nodes_of_one_name_are_refused():
    @node("Number")
    def other() -> int:
        return 1

    with pytest.raises(DeclarationError, match="two nodes are called 'Number'"):
        Registry(number, other)


@pytest.mark.parametrize("name, nearest", [("numbr", "Number"), ("LOADER", "Loader"), ("Add", "Add"), ("qqqq", None)])
def test_the_nearest_name(name, nearest):
    assert Registry(load, number, add).nearest(name) == nearest
