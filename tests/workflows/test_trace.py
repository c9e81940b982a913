from workflows.document import read_document
from workflows.trace import literal, upstream
from workflows.variations import varied

DOCUMENT = read_document(
    {
        "1": {"class_type": "PrimitiveInt", "inputs": {"value": 42}},
        "2": {"class_type": "Only", "inputs": {"text": "hello", "clip": ["9", 0]}},
        "3": {"class_type": "Sum", "inputs": {"a": 1, "b": 2}},
        "4": {"class_type": "User", "inputs": {"a": ["1", 0], "b": ["2", 0], "c": ["3", 0], "d": ["8", 0], "e": 5}},
        "5": {"class_type": "Loop", "inputs": {"value": ["6", 0]}},
        "6": {"class_type": "Loop", "inputs": {"value": ["5", 0]}},
        "7": {"class_type": "Last", "inputs": {"x": ["4", 0], "y": ["5", 0]}},
    }
)


def test_a_value_is_found_as_written_or_in_the_value_node_behind():
    assert [literal(DOCUMENT, "4", name) for name in "eab"] == [5, 42, "hello"]


def test_a_value_that_is_computed_or_missing_is_not_known():
    assert [literal(DOCUMENT, "4", name) for name in "cdx"] == [None, None, None]
    assert literal(DOCUMENT, "nowhere", "x") is None


def test_a_circle_of_values_ends():
    assert literal(DOCUMENT, "5", "value") is None


def test_everything_upstream_comes_once_nearest_first():
    assert list(upstream(DOCUMENT.workflow, "7")) == ["7", "4", "5", "1", "2", "3", "6"]


def test_what_a_seed_chooses_of_a_prompt_is_known():
    document = read_document(
        {
            "1": {"class_type": "PrimitiveInt", "inputs": {"value": 3}},
            "2": {"class_type": "PrimitiveString", "inputs": {"value": "a {red|blue|green} circle"}},
            "3": {"class_type": "PromptVariations", "inputs": {"text": ["2", 0], "seed": ["1", 0]}},
            "4": {"class_type": "PromptVariations", "inputs": {"text": "a", "seed": ["9", 0]}},
            "5": {"class_type": "User", "inputs": {"text": ["3", 0], "other": ["4", 0]}},
        }
    )
    assert literal(document, "5", "text") == varied("a {red|blue|green} circle", 3)
    assert literal(document, "5", "other") is None


def test_a_reroute_passes_a_value_on():
    document = read_document(
        {
            "1": {"class_type": "PrimitiveInt", "inputs": {"value": 3}},
            "2": {"class_type": "Reroute", "inputs": {"": ["1", 0]}},
            "3": {"class_type": "Reroute", "inputs": {"any": ["2", 0]}},
            "4": {"class_type": "User", "inputs": {"steps": ["3", 0]}},
        }
    )
    assert literal(document, "4", "steps") == 3


def test_variations_that_choose_by_themselves_choose_nothing():
    own = {"class_type": "PromptVariations", "inputs": {"text": "{a|b}", "seed": ["1", 0]}}
    other = {"class_type": "PromptVariations", "inputs": {"text": "{a|b}", "seed": ["3", 0]}}
    value = {"class_type": "PrimitiveInt", "inputs": {"value": ["2", 0]}}
    user = {"class_type": "User", "inputs": {"a": ["1", 0], "b": ["2", 0]}}
    document = read_document({"1": own, "2": other, "3": value, "4": user})
    assert [literal(document, "4", name) for name in "ab"] == [None, None]


def test_variations_without_a_written_seed_have_the_usual_one():
    variations = {"class_type": "PromptVariations", "inputs": {"text": "{a|b|c}"}}
    document = read_document({"1": variations, "2": {"class_type": "User", "inputs": {"text": ["1", 0]}}})
    assert literal(document, "2", "text") == varied("{a|b|c}", 0)


def joined(string_a, string_b, delimiter=""):
    return {
        "class_type": "StringConcatenate",
        "inputs": {"string_a": string_a, "string_b": string_b, "delimiter": delimiter},
    }


def test_a_text_put_together_is_known_as_a_whole():
    document = read_document(
        {
            "1": {"class_type": "PrimitiveString", "inputs": {"value": "a {red|blue} circle"}},
            "2": {"class_type": "PromptVariations", "inputs": {"text": ["1", 0], "seed": 5}},
            "3": joined(["2", 0], "on a wall", ", "),
            "4": joined(["3", 0], ["3", 0], " | "),
            "5": joined(["9", 0], "x"),
            "6": {"class_type": "User", "inputs": {"text": ["4", 0], "other": ["5", 0]}},
        }
    )
    part = f"{varied('a {red|blue} circle', 5)}, on a wall"
    assert literal(document, "6", "text") == f"{part} | {part}"
    assert literal(document, "6", "other") is None


def test_texts_that_are_put_together_from_themselves_or_without_end_are_not_known():
    doubling = {str(n): joined([str(n - 1), 0], [str(n - 1), 0]) for n in range(2, 3000)}
    document = read_document({"0": joined(["0", 0], "a"), "1": joined("a", ""), **doubling})
    user = {"class_type": "User", "inputs": {"a": ["0", 0], "b": ["2999", 0], "c": ["50", 0], "d": ["5", 0]}}
    document = read_document({**document.api(), "u": user})
    assert [literal(document, "u", name) for name in "abcd"] == [None, None, None, "a" * 16]
