import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from graph.workflow import Link
from workflows.document import FORMAT, Document, read_document

API = {
    "3": {
        "class_type": "KSampler",
        "inputs": {"seed": 2**64 - 1, "steps": 20, "model": ["4", 0]},
        "_meta": {"title": "Sampler", "colour": "red"},
    },
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "a.safetensors"}},
}


def json_of(numbers):
    return some.recursive(
        some.none() | some.booleans() | some.integers() | numbers | some.text(max_size=8),
        lambda inner: some.lists(inner, max_size=4) | some.dictionaries(some.text(max_size=8), inner, max_size=4),
        max_leaves=20,
    )


json_values = json_of(some.floats())
finite_json_values = json_of(some.floats(allow_nan=False, allow_infinity=False))


def codes(document: Document) -> list[tuple[str, str | None, str | None]]:
    return [(problem.code, problem.node, problem.input) for problem in document.problems]


def test_a_bare_api_file_is_a_document():
    document = read_document(json.dumps(API))
    assert document.problems == ()
    node = document.workflow.nodes["3"]
    assert (node.type, node.title, node.mode) == ("KSampler", "Sampler", "run")
    assert node.inputs == {"seed": 2**64 - 1, "steps": 20, "model": Link("4", 0)}


def test_everything_that_was_read_is_written_again():
    members = {
        "format": FORMAT,
        "nodes": API,
        "layout": {"3": {"x": 1.5}},
        "groups": [{"title": "a"}],
        "notes": ["näher"],
        "controls": {"3.seed": "randomize"},
        "requires": {"KSampler": 1},
        "from tomorrow": [None, True],
    }
    document = read_document(json.dumps(members))
    assert document.problems == ()
    assert json.loads(document.text()) == members


def test_whole_numbers_keep_every_digit():
    seed = 2**64 - 1
    text = read_document(json.dumps(API)).text()
    assert str(seed) in text
    assert json.loads(text)["nodes"]["3"]["inputs"]["seed"] == seed


def test_the_written_document_says_its_format():
    assert json.loads(read_document(API).text())["format"] == FORMAT


def test_the_api_format_comes_back_as_it_went_in():
    document = read_document(API)
    assert document.api()["4"] == API["4"]
    assert document.api()["3"]["inputs"] == API["3"]["inputs"]
    assert document.api()["3"]["_meta"] == {"title": "Sampler"}


def test_a_wrapped_list_is_a_literal_and_a_bare_pair_is_a_link():
    document = read_document(
        {"1": {"class_type": "A", "inputs": {"wrapped": {"__value__": ["2", 0]}, "bare": ["2", 0]}}}
    )
    assert document.workflow.nodes["1"].inputs == {"wrapped": ["2", 0], "bare": Link("2", 0)}
    assert document.api()["1"]["inputs"] == {"wrapped": {"__value__": ["2", 0]}, "bare": ["2", 0]}


def test_a_link_whose_node_is_a_number_is_taken_with_a_warning():
    document = read_document(
        {"1": {"class_type": "A", "inputs": {"x": [2, 0]}}, "2": {"class_type": "B", "inputs": {}}}
    )
    assert document.workflow.nodes["1"].inputs["x"] == Link("2", 0)
    assert codes(document) == [("link_without_quotes", "1", "x")]
    assert document.errors == ()


def test_a_pair_of_numbers_that_names_no_node_is_a_literal():
    document = read_document({"1": {"class_type": "A", "inputs": {"size": [512, 768]}}})
    assert document.workflow.nodes["1"].inputs["size"] == [512, 768]
    assert document.problems == ()


@pytest.mark.parametrize(
    "entry", [5, None, [], {}, {"class_type": 3}, {"class_type": ""}, {"class_type": "A", "inputs": []}]
)
def test_an_entry_that_is_no_node_is_a_problem_of_that_node_and_the_rest_is_read(entry):
    document = read_document({"1": entry, "2": {"class_type": "A"}})
    expected = [] if entry == {"class_type": "A", "inputs": []} else [("bad_document", "1", None)]
    assert codes(document) == expected
    assert "2" in document.workflow.nodes


def test_nan_and_infinity_are_problems_of_their_input():
    document = read_document('{"1": {"class_type": "A", "inputs": {"x": NaN, "y": 1e999, "z": [1, {"a": -Infinity}]}}}')
    assert codes(document) == [("not_finite", "1", name) for name in "xyz"]


def test_nan_outside_the_inputs_is_taken_and_written_as_null():
    document = read_document('{"1": {"class_type": "A", "inputs": {}, "is_changed": NaN}}')
    assert document.problems == ()
    assert json.loads(document.text())["nodes"]["1"]["is_changed"] is None


def test_a_repeated_node_or_input_is_a_problem():
    document = read_document(
        '{"1": {"class_type": "A", "inputs": {"x": 1, "x": 2}}, "2": {"class_type": "A"}, "2": {"class_type": "B"}}'
    )
    assert sorted(codes(document), key=str) == [("repeated_key", "1", "x"), ("repeated_key", "2", None)]


@pytest.mark.parametrize(
    "source",
    [
        "",
        "{",
        "[]",
        "5",
        "null",
        "{}",
        '{"1": {}',
        b"\xff\xfe\x00",
        b"\x80abc",
        "[" * 100_000,
        '{"a":' * 300 + "1" + "}" * 300,
    ],
)
def test_what_is_no_workflow_is_refused_in_a_sentence(source):
    document = read_document(source)
    assert [problem.severity for problem in document.problems] == ["error"]
    assert document.workflow.nodes == {}


def test_a_number_of_ten_thousand_digits_is_refused():
    document = read_document('{"1": {"class_type": "A", "inputs": {"x": ' + "9" * 10_000 + "}}}")
    assert "digits" in document.problems[0].message


def test_where_json_breaks_is_said():
    assert "line 2, column 3" in read_document('{"a": 1,\n  oops}').problems[0].message


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_every_encoding_that_windows_writes_is_read(encoding):
    text = json.dumps({"1": {"class_type": "A", "inputs": {"text": "grün 猫"}}}, ensure_ascii=False)
    assert read_document(text.encode(encoding)).workflow.nodes["1"].inputs == {"text": "grün 猫"}


def test_the_editors_own_format_is_named():
    document = read_document({"nodes": [], "links": [], "version": 0.4})
    assert document.problems[0].code == "editor_format"


def test_a_later_format_is_refused_by_name():
    assert "patchbay/9" in read_document({"format": "patchbay/9", "nodes": {}}).problems[0].message


def test_the_body_of_a_request_is_read():
    assert read_document({"prompt": API, "client_id": "x"}).workflow == read_document(API).workflow


def test_modes_are_read_and_wrong_ones_reported():
    nodes = {"1": {"class_type": "A"}, "2": {"class_type": "A"}}
    document = read_document({"format": FORMAT, "nodes": nodes, "modes": {"1": "mute", "2": "sleep"}})
    assert document.workflow.nodes["1"].mode == "mute"
    assert codes(document) == [("bad_document", "2", None)]


def test_versions_of_node_types_reach_the_workflow():
    document = read_document({"format": FORMAT, "nodes": API, "requires": {"KSampler": 2, "Other": "x"}})
    assert document.workflow.requires == {"KSampler": 2}


def test_what_goes_into_files_is_ascii_and_has_the_editors_text_only_if_it_came_with_one():
    document = read_document({"1": {"class_type": "A", "inputs": {"text": "猫"}}})
    chunks = document.chunks()
    assert set(chunks) == {"prompt", "patchbay"}
    assert all(text.isascii() for text in chunks.values())
    assert Document(document.members, editor_text="{}").chunks()["workflow"] == "{}"


@given(json_values)
@settings(max_examples=150, deadline=None)
def test_no_json_value_breaks_the_reader(value):
    document = read_document(json.dumps(value))
    document.text(), document.api()
    if not isinstance(value, dict):
        assert document.errors


@given(json_values, json_values, json_values, json_values)
@settings(max_examples=150, deadline=None)
def test_no_document_breaks_the_reader(nodes, modes, definitions, sockets):
    members = {"format": FORMAT, "nodes": nodes, "modes": modes, "definitions": definitions, "inputs": sockets}
    document = read_document(json.dumps(members))
    document.text(), document.api()


@given(some.text(max_size=40) | some.binary(max_size=40))
@settings(max_examples=150, deadline=None)
def test_no_text_breaks_the_reader(source):
    read_document(source)


@given(some.dictionaries(some.text(max_size=5), finite_json_values, max_size=4))
@settings(max_examples=100, deadline=None)
def test_members_survive_writing_and_reading(members):
    members = members | {"format": FORMAT, "nodes": API}
    assert json.loads(read_document(read_document(members).text()).text()) == members


def test_half_a_character_is_a_problem_of_its_input():
    document = read_document(
        '{"1": {"class_type": "A", "inputs": {"text": "\\ud800 house", "good": "\\ud83d\\ude00"}}}'
    )
    assert codes(document) == [("not_text", "1", "text")]


@pytest.mark.parametrize("member", ["definitions", "requires", "controls"])
def test_members_of_the_wrong_shape_are_not_passed_over_in_silence(member):
    document = read_document({"format": FORMAT, "nodes": {"1": {"class_type": "A"}}, member: [1]})
    assert codes(document) == [("bad_document", None, None)]
    assert member in document.problems[0].message
    assert document.errors == ()


def test_where_a_text_that_does_not_end_began_is_said_once():
    assert "starting at line 1, column 2" in read_document('{"a').problems[0].message
