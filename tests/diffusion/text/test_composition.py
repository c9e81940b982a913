import pytest

from diffusion.text.composition import composed


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("a cat", [("a cat", 1.0)]),
        ("a cat AND a dog", [("a cat ", 1.0), (" a dog", 1.0)]),
        ("a cat :1.2 AND a dog : -0.5 ", [("a cat", 1.2), (" a dog", -0.5)]),
        ("(a cat:1.2) AND b:.5", [("(a cat:1.2) ", 1.0), (" b", 0.5)]),
        ("12", [("12", 1.0)]),
        ("SAND and ANDROID", [("SAND and ANDROID", 1.0)]),
        ("a\ncat :2\nAND b", [("a\ncat", 2.0), (" b", 1.0)]),
    ],
)
def test_prompts_between_ands_carry_their_weights(prompt, expected):
    assert composed(prompt) == expected
