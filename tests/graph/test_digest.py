import math

from hypothesis import given
from hypothesis import strategies as st

from graph.codec import NoCodecs
from graph.digest import Digester, hash_text

digest = Digester(NoCodecs()).digest
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
    max_leaves=8,
)


def typed(value):
    """A value with its types spelled out, so that 1, 1.0 and True differ."""
    if isinstance(value, dict):
        return {key: typed(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value).__name__, [typed(inner) for inner in value]
    return type(value).__name__, repr(value)


@given(plain, plain)
def test_digests_are_equal_exactly_when_values_are(one, other):
    assert (digest(one) == digest(other)) == (typed(one) == typed(other))


def test_types_are_told_apart():
    values = [1, 1.0, True, "1", None, [1], (1,), {"1": 1}, [], {}, "", 0, -0.0, 0.0, "None", ["a,b"], ["a", "b"]]
    assert len({digest(value) for value in values}) == len(values)


def test_nan_equals_nothing_not_even_itself():
    assert digest(math.nan) != digest(math.nan)
    assert digest([math.nan]) != digest([math.nan])


def test_the_order_of_a_mapping_does_not_matter():
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})


def test_long_values_have_short_digests():
    assert len(digest("x" * 10_000)) < 70
    assert digest("x" * 10_000) != digest("x" * 10_001)


def test_what_no_codec_knows_has_no_digest():
    assert digest(object()) is None
    assert digest([1, object()]) is None


def test_codecs_are_asked_for_everything_else_wherever_it_is():
    class Shouting(NoCodecs):
        def digest(self, value):
            return type(value).__name__

    shouted = Digester(Shouting()).digest
    assert shouted(object()) == "#object"
    assert shouted([object()]) != shouted([1])


def test_values_as_deep_as_memory_allows():
    deep: list = []
    for _ in range(100_000):
        deep = [deep]
    assert digest(deep) is not None
    while deep:  # taken apart by hand: Python's own way down would recurse
        deep = deep[0]


def test_any_text_can_be_hashed():
    assert hash_text("\ud800") != hash_text("?")
