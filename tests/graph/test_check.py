import math
import time
from typing import Annotated, Literal

import pytest

from graph.declare import Choice, Growing, Range, Seed, Text, node
from graph.errors import AmbiguousChoice, InvalidWorkflow
from graph.graph import check, resolve
from graph.registry import Registry
from graph.workflow import Link, Node, Workflow
from tests.graph.conftest import NODES, Shown


class Files:
    """Names as a folder of models would have them."""

    def names(self):
        return ["anime/style.safetensors", "photo.safetensors", "a/twin.safetensors", "b/twin.safetensors"]

    def find(self, name):
        if name in self.names():
            return name
        alike = [known for known in self.names() if known.endswith(f"/{name}")]
        if len(alike) > 1:
            raise AmbiguousChoice(name, alike)
        return alike[0] if alike else None

    def identity(self, name):
        return name


class Picture:
    socket = "IMAGE"


class Sketch(Picture):
    socket = "SKETCH"


class Sound: ...


@node("Every")
def every(
    whole: Annotated[int, Range(0, 10)] = 1,
    number: float = 1.0,
    text: Annotated[str, Text()] = "",
    flag: bool = False,
    seed: Annotated[int, Seed()] = 0,
    file: Annotated[str, Choice("files")] = "photo.safetensors",
    size: Literal["small", "large"] = "small",
    picture: Picture | None = None,
    either: Picture | Sound | None = None,
    parts: Annotated[list[Picture] | None, Growing("part_")] = None,
) -> Shown:
    """Has one input of every kind."""
    return Shown()


@node("Draw")
def draw() -> Sketch:
    return Sketch()


@node("Record")
def record() -> Sound:
    return Sound()


@node("Odd", "OldOdd", version=3, migrate=lambda version, inputs: {"value": inputs["amount"] * version})
def odd(value: int) -> Shown:
    return Shown()


REGISTRY = Registry(*NODES, every, draw, record, odd)
CHOICES = {"files": Files()}


def problems(nodes, **options):
    found = check(Workflow(nodes), REGISTRY, CHOICES, **options)
    return [(problem.code, problem.node, problem.input, problem.severity) for problem in found]


def sentence(inputs, name="Every"):
    (problem,) = check(Workflow({"1": Node(name, inputs)}), REGISTRY, CHOICES)
    return problem.message


def settled(**inputs):
    return resolve(Workflow({"1": Node("Every", inputs)}), REGISTRY, CHOICES).nodes["1"].constants


def test_every_problem_is_reported_at_once_and_addressed():
    nodes = {
        "n": Node("Number", {"value": 101}),
        "s": Node("Split", {}),
        "a": Node("Add", {"a": Link("s", 2)}),
        "w": Node("Numbr"),
        "p": Node("Every", {"picture": Link("n"), "part_2": Link("n")}),
        "out": Node("Show", {"value": Link("gone")}),
        "t": Node("Sum", {"values": Link("a")}),
        "all": Node("Show", {"value": Link("t")}),
        "last": Node("Show", {"value": Link("w")}),
    }
    assert set(problems(nodes)) == {
        ("unknown_node", "w", None, "error"),
        ("out_of_range", "n", "value", "error"),
        ("missing_input", "s", "value", "error"),
        ("bad_output", "a", "a", "error"),
        ("type_mismatch", "p", "picture", "error"),
        ("type_mismatch", "p", "part_2", "error"),
        ("dangling_link", "out", "value", "error"),
    }
    with pytest.raises(InvalidWorkflow) as caught:
        resolve(Workflow(nodes), REGISTRY, CHOICES)
    assert len(caught.value.problems) == 7


def test_problems_are_sentences():
    assert sentence({}, "Kampler") == "there is no node called 'Kampler'"
    assert sentence({}, "Evry") == "there is no node called 'Evry'; the nearest is 'Every'"
    assert sentence({"whole": 11}) == "'whole' must be between 0 and 10, not 11"
    assert sentence({"number": math.nan}) == "'number' must be a finite number, not nan"
    assert sentence({"seed": 2**64}) == "'seed' must be between 0 and 2^64 − 1, not 18446744073709551616"
    assert sentence({"text": [1]}) == "'text' must be text, not [1]"
    assert sentence({"picture": "x.png"}) == "'picture' must be linked to IMAGE, not 'x.png'"
    assert sentence({"size": "lage"}) == "'size': there is no 'lage'; the nearest is 'large'"
    assert sentence({"file": "phot.safetensors"}).startswith(
        "'file': there is no 'phot.safetensors'; the nearest is 'photo.safetensors'"
    )
    assert sentence({"file": "twin.safetensors"}) == (
        "'file': 'twin.safetensors' could be 'a/twin.safetensors' or 'b/twin.safetensors'; write one of them"
    )


def test_a_bad_output_lists_those_that_there_are():
    nodes = {"s": Node("Split", {"value": 1}), "out": Node("Show", {"value": Link("s", 2)})}
    (problem,) = check(Workflow(nodes), REGISTRY, CHOICES)
    assert problem.message == "'value' is linked to output 2 of 'Split' (s), which has: 0 low, 1 high"
    nodes = {"o": Node("Show", {"value": 1}), "out": Node("Show", {"value": Link("o")})}
    (problem,) = check(Workflow(nodes), REGISTRY, CHOICES)
    assert problem.message == "'value' is linked to 'Show' (o), which has no outputs"


def test_a_loop_is_named_node_by_node():
    nodes = {
        "x": Node("Add", {"a": Link("z")}),
        "y": Node("Add", {"a": Link("x")}),
        "z": Node("Add", {"a": Link("y")}),
        "out": Node("Show", {"value": Link("z")}),
    }
    (problem,) = check(Workflow(nodes), REGISTRY, CHOICES)
    assert problem.code == "cycle"
    loop = problem.message.removeprefix("these nodes wait for each other: ").split(" → ")
    assert loop[0] == loop[-1] and "".join(loop[:3]) in {"xyz", "yzx", "zxy"}


def test_every_knot_is_named_even_where_no_target_depends_on_it():
    nodes = {
        "x": Node("Add", {"a": Link("x")}),
        "y": Node("Add", {"a": Link("z")}),
        "z": Node("Add", {"a": Link("y")}),
        "out": Node("Show", {"value": 1.0}),
    }
    assert [code for code, _, _, severity in problems(nodes) if severity == "warning"] == ["cycle", "cycle"]


def test_faults_that_no_target_depends_on_are_warnings_unless_strict():
    nodes = {"n": Node("Number", {"value": 101}), "u": Node("Unknown"), "out": Node("Show", {"value": 1.0})}
    assert {severity for *_, severity in problems(nodes)} == {"warning"}
    assert {severity for *_, severity in problems(nodes, strict=True)} == {"error"}
    assert resolve(Workflow(nodes), REGISTRY, CHOICES).order == ("out",)
    assert {problem.code for problem in resolve(Workflow(nodes), REGISTRY, CHOICES).warnings} == {
        "out_of_range",
        "unknown_node",
    }


def test_faults_behind_a_wrong_link_are_still_errors():
    nodes = {
        "n": Node("Number", {"value": 101}),
        "e": Node("Every", {"picture": Link("n")}),
    }
    assert {(code, severity) for code, *_, severity in problems(nodes)} == {
        ("out_of_range", "error"),
        ("type_mismatch", "error"),
    }


@pytest.mark.parametrize(
    "name, written, meant",
    [
        ("whole", "7", 7),
        ("whole", 7.0, 7),
        ("whole", True, 1),
        ("number", "1.5", 1.5),
        ("number", True, 1.0),
        ("text", 5, "5"),
        ("flag", "false", False),
        ("flag", "True", True),
        ("flag", 1, True),
    ],
)
def test_what_a_public_file_plainly_means_is_taken_and_reported(name, written, meant):
    graph = resolve(Workflow({"1": Node("Every", {name: written})}), REGISTRY, CHOICES)
    value = graph.nodes["1"].constants[name]
    assert value == meant and type(value) is type(meant)
    assert [(problem.code, problem.input) for problem in graph.warnings] == [("wrong_type", name)]
    with pytest.raises(InvalidWorkflow):
        resolve(Workflow({"1": Node("Every", {name: written})}), REGISTRY, CHOICES, strict=True)


@pytest.mark.parametrize(
    "name, written",
    [("whole", "seven"), ("whole", []), ("number", {}), ("flag", "maybe"), ("flag", 2), ("text", None), ("size", 1)],
)
def test_what_has_no_plain_meaning_is_refused(name, written):
    assert [severity for *_, severity in problems({"1": Node("Every", {name: written})})] == ["error"]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, "nan", "inf", 10**400])
def test_nan_and_infinity_are_refused(value):
    assert problems({"1": Node("Every", {"number": value})}) == [("not_finite", "1", "number", "error")]


def test_an_int_is_a_number_without_a_word():
    assert settled(number=3)["number"] == 3.0
    assert type(settled(number=3)["number"]) is float


def test_seeds_reach_two_to_the_sixty_four_minus_one():
    assert settled(seed=2**64 - 1)["seed"] == 2**64 - 1


def test_a_name_found_elsewhere_is_used_and_reported():
    graph = resolve(Workflow({"1": Node("Every", {"file": "style.safetensors"})}), REGISTRY, CHOICES)
    assert graph.nodes["1"].constants["file"] == "anime/style.safetensors"
    (warning,) = graph.warnings
    assert warning.message == "'file': 'style.safetensors' was found as 'anime/style.safetensors'"


def test_an_unknown_input_is_a_warning_unless_strict():
    nodes = {"1": Node("Every", {"colour": "red"})}
    assert problems(nodes) == [("unknown_input", "1", "colour", "warning")]
    assert problems(nodes, strict=True) == [("unknown_input", "1", "colour", "error")]


def test_links_accept_subclasses_unions_and_ints_for_floats():
    good = {
        "d": Node("Draw"),
        "r": Node("Record"),
        "n": Node("Number"),
        "e": Node("Every", {"picture": Link("d"), "either": Link("r"), "number": Link("n"), "part_1": Link("d")}),
    }
    assert problems(good) == []
    bad = good | {"e": Node("Every", {"picture": Link("r"), "either": Link("n"), "whole": Link("f")})}
    bad["f"] = Node("Add", {"a": 1.0})
    assert [(code, name) for code, _, name, _ in problems(bad)] == [
        ("type_mismatch", "whole"),
        ("type_mismatch", "picture"),
        ("type_mismatch", "either"),
    ]


def test_a_workflow_that_shows_nothing_says_so():
    assert problems({"n": Node("Number")}) == [("no_targets", None, None, "error")]
    assert problems({}) == [("no_targets", None, None, "error")]


def test_chosen_targets_must_be_there():
    nodes = {"out": Node("Show", {"value": 1.0}), "off": Node("Show", {"value": 1.0}, mode="mute")}
    assert problems(nodes, targets=["out"]) == []
    assert problems(nodes, targets=["no"]) == [("unknown_target", None, None, "error")]
    assert problems(nodes, targets=["off"])[0][:2] == ("unknown_target", "off")


def test_inputs_of_an_older_version_are_migrated():
    workflow = Workflow({"1": Node("OldOdd", {"amount": 5})}, {"OldOdd": 2})
    graph = resolve(workflow, REGISTRY, CHOICES)
    assert graph.nodes["1"].constants == {"value": 10}
    assert [problem.code for problem in graph.warnings] == ["migrated"]


def test_inputs_that_cannot_be_migrated_are_an_error():
    codes = [problem.code for problem in check(Workflow({"1": Node("Odd", {})}, {"Odd": 1}), REGISTRY, CHOICES)]
    assert codes == ["not_migrated", "missing_input"]


def test_a_later_version_than_ours_is_a_warning():
    (problem,) = check(Workflow({"1": Node("Odd", {"value": 1})}, {"Odd": 4}), REGISTRY, CHOICES)
    assert (problem.code, problem.severity) == ("later_version", "warning")


def test_a_choice_that_nobody_lists_is_a_problem():
    (problem,) = check(Workflow({"1": Node("Every", {"file": "x"})}), REGISTRY, {})
    assert problem.message == "'file': this program has no list of 'files' to choose 'x' from"


def test_an_explicit_default_is_no_different_from_an_open_input():
    assert settled() == settled(whole=1, size="small")


@pytest.mark.parametrize("kind", ["faulty", "looped", "linked"])
def test_ten_thousand_nodes_are_checked_quickly(kind):
    size = 10_000
    if kind == "faulty":
        nodes = {str(place): Node("Nmber", {"value": 1}) for place in range(size)}
    elif kind == "looped":
        nodes = {str(place): Node("Add", {"a": Link(str((place + 1) % size))}) for place in range(size)}
    else:
        nodes = {str(place): Node("Add", {"a": Link("0") if place else 1.0}) for place in range(size)}
    nodes["out"] = Node("Show", {"value": Link("1")})
    started = time.process_time()
    found = check(Workflow(nodes), REGISTRY, CHOICES)
    assert time.process_time() - started < 5
    assert len(found) == {"faulty": size, "looped": 1, "linked": 0}[kind]


def test_thousands_of_missing_files_are_told_quickly():
    class Many(Files):
        def names(self):
            return [f"styles/very long name of a file number {place}.safetensors" for place in range(1000)]

        def find(self, name):
            return None

    nodes = {str(place): Node("Every", {"file": f"name of a file {place}.safetensors"}) for place in range(3000)}
    nodes |= {f"u{place}": Node(f"Evry{place}") for place in range(3000)}
    started = time.process_time()
    found = check(Workflow(nodes), REGISTRY, {"files": Many()})
    assert time.process_time() - started < 10
    assert len(found) == 6000 and "the nearest is" in found[0].message


def test_a_value_of_any_size_makes_a_short_sentence():
    deep: list = []
    for _ in range(5000):
        deep = [deep]
    for value in ("x" * 10**6, deep, {"a": deep}, ["y" * 10**6]):
        assert len(sentence({"whole": value})) < 300
    assert len(sentence({}, "K" * 10**6)) < 300
    assert len(sentence({"file": "f" * 10**6})) < 400
