import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as some

from workflows.lenient_json import DEEPEST, NotJson, is_finite, read_json, repeated_keys, without_nan, write_json


def test_what_python_cannot_write_strictly_is_read_all_the_same():
    value = read_json('\ufeff{"a": NaN, "b": [Infinity, -Infinity], "c": 18446744073709551615}')
    assert math.isnan(value["a"])
    assert value["c"] == 2**64 - 1
    assert not is_finite(value)
    assert without_nan(value) == {"a": None, "b": [None, None], "c": 2**64 - 1}


def test_keys_that_repeat_are_remembered_and_the_last_value_holds():
    value = read_json('{"a": 1, "b": 2, "a": 3, "a": 4}')
    assert value == {"a": 4, "b": 2}
    assert list(repeated_keys(value)) == ["a"]
    assert list(repeated_keys(read_json('{"a": {"b": 1}, "c": {"b": 1}}'))) == []


@pytest.mark.parametrize(("depth", "good"), [(DEEPEST, True), (DEEPEST + 1, False), (100_000, False)])
def test_only_so_deep(depth, good):
    text = "[" * depth + "]" * depth
    if good:
        assert read_json(text)
    else:
        with pytest.raises(NotJson, match="deep"):
            read_json(text)


@given(some.text())
def test_what_is_written_is_ascii_and_reads_the_same(text):
    written = write_json({text: [text]})
    assert written.isascii()
    assert json.loads(written) == {text: [text]}
