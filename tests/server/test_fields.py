"""What a declaration reads is what its schema says."""

import json

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as some

from server.fields import Anything, Either, Flag, ListOf, Member, Members, Number, OneOf, Text, Whole, parse
from server.refusals import Refused

KINDS = {
    "text": Text(longest=5, shortest=1),
    "pattern": Text(pattern="[a-c]+"),
    "whole": Whole(-3, 2**64 - 1),
    "number": Number(0.1, 60),
    "flag": Flag(),
    "word": OneOf(("front", "back")),
    "list": ListOf(Whole(0, 9), longest=3, shortest=1),
    "object": Anything(),
    "either": Either((ListOf(Text(longest=3)), OneOf(("all",)))),
    "members": Members(
        (Member("a", Whole(0, 9), "A number.", required=True), Member("b", ListOf(Flag()), "Flags.", default=[]))
    ),
}
VALUES = some.recursive(
    some.one_of(
        some.none(),
        some.booleans(),
        some.integers(-10, 10),
        some.sampled_from([2**64 - 1, 2**64, 10**30, 0.1, 60.0, 60.5, 3.0, "front", "all", "abc", "", "a\0", "x" * 6]),
        some.text(max_size=4),
    ),
    lambda inner: some.one_of(
        some.lists(inner, max_size=4), some.dictionaries(some.sampled_from(["a", "b", "c"]), inner, max_size=3)
    ),
    max_leaves=5,
)


def takes(kind, value) -> bool:
    try:
        kind.read(value, "it")
    except Refused as error:
        assert (error.status == 400 and "it" in error.detail) or "'" in error.detail
        return False
    return True


@pytest.mark.parametrize("name", KINDS)
@given(value=VALUES)
def test_a_value_is_read_if_and_only_if_the_schema_has_it(name, value):
    kind = KINDS[name]
    assert takes(kind, value) == jsonschema_rs.is_valid(kind.schema(), value)


@given(some.integers(-3, 2**64 - 1))
def test_whole_numbers_of_a_query_keep_every_digit(number):
    assert parse(KINDS["whole"], str(number), "n") == number


@pytest.mark.parametrize("text", ["", "x", "1e400", "NaN", "9" * 5000, "[" * 5000, "1.5", "true", "0x10"])
def test_what_is_no_number_in_a_query_is_refused_with_a_sentence(text):
    with pytest.raises(Refused, match="must be a whole number"):
        parse(KINDS["whole"], text, "n")


@pytest.mark.parametrize(("text", "flag"), [("1", True), ("TRUE", True), ("", True), ("0", False), ("false", False)])
def test_flags_of_a_query_are_spelled_in_several_ways(text, flag):
    assert parse(KINDS["flag"], text, "n") is flag


@pytest.mark.parametrize("text", ["", "front,", ",", "front,up"])
def test_a_list_in_a_query_has_no_empty_places(text):
    kind = ListOf(OneOf(("front", "back")))
    assert parse(kind, "front,back", "n") == ["front", "back"]
    with pytest.raises(Refused):
        parse(kind, text, "n")


def test_members_that_mean_nothing_and_members_that_are_missing_are_named():
    with pytest.raises(Refused, match="'colour' that means nothing here; it takes a, b"):
        KINDS["members"].read({"a": 1, "colour": 2}, "the body")
    with pytest.raises(Refused, match="needs 'a': A number"):
        KINDS["members"].read({}, "the body")
    assert KINDS["members"].read({"a": 1}, "the body") == {"a": 1, "b": []}


@pytest.mark.parametrize("name", KINDS)
def test_schemas_are_json(name):
    assert json.loads(json.dumps(KINDS[name].schema())) == KINDS[name].schema()
