import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodes.math import compute


@given(st.integers(-1000, 1000), st.integers(-1000, 1000), st.integers(1, 1000))
def test_expressions_are_computed_as_everyone_expects(a, b, c):
    assert compute("a + b * c", a, b, c).integer == a + b * c
    assert compute("(a - b) / c", a, b, c).number == pytest.approx((a - b) / c)
    assert compute("a // c * c + a % c", a, b, c).integer == a
    assert compute("a < b <= c", a, b, c).boolean == (a < b <= c)
    assert compute("min(a, b, c) if a > b or not c else max(a, b, c)", a, b, c).integer == (
        min(a, b, c) if a > b else max(a, b, c)
    )


def test_the_result_comes_as_each_kind_of_number():
    assert compute("2.6") == (2.6, 3, True)
    assert compute("a > b") == (0.0, 0, False)
    assert compute("2 ** 64 - 1").integer == 2**64 - 1
    assert compute("round(sqrt(pi * e))").integer == 3
    assert compute(" -a and b", 1.0, 0.0).boolean is False


@pytest.mark.parametrize(
    "expression",
    [
        *("", "a +", "a if b else", "x", "a.b", "[a]", "'a' * 9", "max()", "round(a, ndigits=1)", "__import__('os')"),
        *(
            "1 / 0",
            "sqrt(-1)",
            "(-1) ** 0.5",
            "exp(1000)",
            "9 ** 9 ** 9",
            "2 ** 4000 * 2 ** 4000",
            "+".join("a" * 9999),
        ),
    ],
)
def test_what_cannot_be_computed_is_a_sentence(expression):
    with pytest.raises(ValueError, match=r"expression|computed"):
        compute(expression)
