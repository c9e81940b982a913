import json

from hypothesis import given
from hypothesis import strategies as st

from graph.registry import Registry
from graph.spec import Input, Output, kinds_of, socket_of, spec_from_json, spec_to_json
from tests.graph.conftest import NODES
from tests.graph.test_declare import everything


def test_a_spec_survives_json():
    for node_type in Registry(*NODES, everything):
        spec = node_type.spec
        assert spec_from_json(json.loads(json.dumps(spec_to_json(spec)))) == spec


def test_a_bool_is_no_number():
    assert kinds_of(bool) == ("BOOLEAN",)
    assert socket_of(int) == "INT"


def test_a_class_is_of_its_own_kind_and_those_above_it():
    class Base:
        socket = "BASE"

    class Derived(Base): ...

    assert kinds_of(Derived) == ("DERIVED", "BASE")


@given(
    st.sampled_from(["INT", "FLOAT", "STRING", "*", "A", "B", "A,B"]), st.sampled_from(["INT", "FLOAT", "A", "B", "*"])
)
def test_what_an_input_accepts(wanted, given_socket):
    accepted = Input("x", wanted).accepts(Output("y", given_socket, kinds=(given_socket,)))
    assert accepted == (
        "*" in (wanted, given_socket) or given_socket in wanted.split(",") or (wanted, given_socket) == ("FLOAT", "INT")
    )
