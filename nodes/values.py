"""Nodes for plain values: numbers, texts, lists of them, and choosing between two wires."""

from typing import Annotated, Any

from graph.declare import Lazy, Range, Text, Tip, node

WIDEST = 2**64 - 1


@node("PrimitiveInt", category="values", title="Integer")
def integer(value: Annotated[int, Range(-WIDEST, WIDEST), Tip("The number.")] = 0) -> int:
    """A whole number, to be wired into several inputs."""
    return value


@node("PrimitiveFloat", category="values", title="Number")
def number(value: float = 0.0) -> float:
    """A number, to be wired into several inputs."""
    return value


@node("PrimitiveString", category="values", title="Text")
def text(value: Annotated[str, Text(), Tip("The text.")] = "") -> str:
    """A line of text, to be wired into several inputs."""
    return value


@node("PrimitiveStringMultiline", category="values", title="Text (Lines)")
def long_text(value: Annotated[str, Text(multiline=True), Tip("The text.")] = "") -> str:
    """A text of several lines, to be wired into several inputs."""
    return value


@node("PrimitiveBoolean", category="values", title="Yes or No")
def boolean(value: bool = False) -> bool:
    """Yes or no, to be wired into several inputs."""
    return value


@node("NumberList", category="values", title="List of Numbers")
def number_list(
    numbers: Annotated[str, Text(), Tip("Numbers with commas or spaces between them: -1, 0, 0.5, 1.")] = "0, 0.5, 1",
) -> list[float]:
    """Run what follows once for each number, in order: a sweep."""
    try:
        return [float(word) for word in numbers.replace(",", " ").split()]
    except ValueError as error:
        raise ValueError(f"'numbers' takes numbers with commas or spaces between them, not {numbers!r}") from error


@node("TextList", category="values", title="List of Texts")
def text_list(
    lines: Annotated[str, Text(multiline=True), Tip("One text a line; empty lines are left out.")] = "",
) -> list[str]:
    """Run what follows once for each line, in order."""
    return [line.strip() for line in lines.splitlines() if line.strip()]


@node("Reroute", category="values")
def reroute(value: Any) -> Any:
    """Pass on whatever comes in: a bend in a wire."""
    return value


@node("Note", "MarkdownNote", category="values", target=False)
def note(text: Annotated[str, Text(multiline=True), Tip("What is to be remembered.")] = "") -> None:
    """Words for whoever reads the workflow. Nothing runs for them."""


@node("Switch", category="values", needs=lambda inputs: ["on_true" if inputs["switch"] else "on_false"])
def switch(switch: bool, on_false: Lazy[Any | None] = None, on_true: Lazy[Any | None] = None) -> Any:
    """Pass one of two values on. The other one's nodes do not run."""
    return on_true if switch else on_false
