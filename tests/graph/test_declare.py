from typing import Annotated, Any, Literal, NamedTuple

import pytest

from graph.declare import (
    Artifact,
    Blocked,
    Choice,
    Expansion,
    Growing,
    Lazy,
    Range,
    Resource,
    Seed,
    Text,
    Tip,
    node,
)
from graph.errors import DeclarationError
from graph.reporting import Progress
from graph.spec import Options


class Model:
    socket = "MODEL"


class Mask:
    """A type without a public name."""


class Saved(Artifact): ...


class Pair(NamedTuple):
    model: Model
    masks: list[Mask]
    saved: list[Saved]


@node("Everything", "Old", category="tests", title="All of it", version=2, needs=lambda inputs: ())
def everything(
    progress: Resource[Progress],
    model: Model,
    mask: Mask | None = None,
    late: Lazy[Model | None] = None,
    many: list[Mask] | None = None,
    parts: Annotated[list[Mask] | None, Growing("part_")] = None,
    count: Annotated[int, Range(1, 5), Tip("How many.")] = 2,
    scale: float = 1,
    seed: Annotated[int, Seed()] = 0,
    prompt: Annotated[str, Text(multiline=True)] = "",
    file: Annotated[str, Choice("files")] = "a",
    size: Literal["s", "m"] = "s",
    on: bool = True,
    anything: Any | None = None,
) -> Pair | Expansion | Blocked:
    """Show every kind of parameter."""
    return Pair(model, [], [])


SPEC = everything.node_type.spec
INPUTS = {declared.name: declared for declared in SPEC.inputs}


def test_the_signature_is_the_declaration():
    assert (SPEC.name, SPEC.aliases, SPEC.title, SPEC.category, SPEC.version) == (
        "Everything",
        ("Old",),
        "All of it",
        "tests",
        2,
    )
    assert SPEC.description == "Show every kind of parameter."
    assert everything.node_type.resources == (("progress", Progress),)
    assert "progress" not in INPUTS


def test_sockets_are_public_names():
    assert {name: declared.socket for name, declared in INPUTS.items()} == {
        "model": "MODEL",
        "mask": "MASK",
        "late": "MODEL",
        "many": "MASK",
        "parts": "MASK",
        "count": "INT",
        "scale": "FLOAT",
        "seed": "INT",
        "prompt": "STRING",
        "file": "STRING",
        "size": "STRING",
        "on": "BOOLEAN",
        "anything": "*",
    }


def test_marks_and_defaults_are_read():
    assert INPUTS["model"].required and not INPUTS["mask"].required
    assert INPUTS["count"].widget == Range(1, 5) and INPUTS["count"].tip == "How many."
    assert INPUTS["size"].widget == Options(("s", "m"))
    assert INPUTS["late"].lazy and not INPUTS["model"].lazy
    assert INPUTS["many"].many and INPUTS["parts"].growing == "part_" and not INPUTS["parts"].many
    assert type(INPUTS["scale"].default) is float


def test_a_named_tuple_names_the_outputs_and_artifacts_are_none_of_them():
    assert [(output.name, output.socket, output.many) for output in SPEC.outputs] == [
        ("model", "MODEL", False),
        ("masks", "MASK", True),
    ]
    assert SPEC.is_target


def test_what_returns_nothing_or_an_artifact_is_a_target():
    @node("Nothing")
    def nothing() -> None: ...

    @node("Shows")
    def shows() -> list[Saved]:
        return []

    @node("Makes")
    def makes() -> Model:
        return Model()

    assert nothing.node_type.spec.is_target and shows.node_type.spec.is_target
    assert shows.node_type.spec.outputs == ()
    assert not makes.node_type.spec.is_target
    assert makes.node_type.spec.outputs[0].name == "MODEL"


def test_a_decorated_function_is_still_a_function():
    model = Model()
    assert everything(None, model).model is model


def test_coroutines_are_known():
    @node("Later")
    async def later() -> Model:
        return Model()

    assert later.node_type.is_coroutine and not everything.node_type.is_coroutine


@pytest.mark.parametrize(
    "function, message",
    [
        (lambda: lambda x: None, "parameter 'x' has no type"),
        (lambda: untyped_return, "the return type is missing"),
        (lambda: variadic, "parameter 'rest' must be an ordinary named one"),
        (lambda: linked_default, "'model' is a link; its default can only be None"),
        (lambda: quiet_none, "'count' may be None, so its type must say"),
        (lambda: bounded_text, "'text' has bounds but is no number"),
        (lambda: chosen_int, "'number' is a choice or text but no str"),
        (lambda: growing_one, "'part' grows, so it must be a list"),
        (lambda: lazy_alone, "it has lazy inputs but no `needs`"),
    ],
)
def test_a_function_that_is_no_node_is_refused_at_import(function, message):
    with pytest.raises(DeclarationError, match=message.replace("[", r"\[")):
        node("Wrong")(function())


def untyped_return(x: int): ...


def variadic(*rest: int) -> None: ...


def linked_default(model: Model = Model()) -> None: ...  # noqa: B008


def quiet_none(count: int = None) -> None: ...  # type: ignore[assignment]  # noqa: RUF013


def bounded_text(text: Annotated[str, Range(0, 1)] = "") -> None: ...


def chosen_int(number: Annotated[int, Choice("files")] = 0) -> None: ...


def growing_one(part: Annotated[Mask, Growing("part_")]) -> None: ...


def lazy_alone(model: Lazy[Model]) -> None: ...
