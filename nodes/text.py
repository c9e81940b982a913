"""Nodes for texts, and for prompts that styles are added to."""

import csv
import io
import re
from typing import Annotated, Literal, NamedTuple

from diffusion.errors import UnreadableFile
from graph.declare import Choice, Range, Resource, Seed, Text, Tip, node
from graph.reporting import Note
from workflows.outputs import InputFolder
from workflows.variations import varied

Lines = Annotated[str, Text(multiline=True), Tip("A text, of several lines if need be.")]
Pattern = Annotated[str, Text(), Tip("A regular expression, as Python's.")]
AnyCase = Annotated[bool, Tip("Take A and a as the same.")]
SameCase = Annotated[bool, Tip("Tell A from a.")]
ManyLines = Annotated[bool, Tip("Let ^ and $ stand for the ends of each line.")]
DotAll = Annotated[bool, Tip("Let the dot stand for line breaks too.")]


@node("StringConcatenate", category="text", title="Concatenate")
def concatenate(
    string_a: Lines = "",
    string_b: Lines = "",
    delimiter: Annotated[str, Text(), Tip("What stands between them.")] = "",
) -> str:
    """Put one text behind another."""
    return string_a + delimiter + string_b


@node("StringSubstring", category="text", title="Substring")
def substring(
    string: Lines = "",
    start: Annotated[int, Tip("The first letter that is taken, counted from 0, or from the end where less.")] = 0,
    end: Annotated[int, Tip("The first letter that is no longer taken, counted in the same way.")] = 0,
) -> str:
    """Take a part of a text."""
    return string[start:end]


@node("StringLength", category="text", title="Length")
def length(string: Lines = "") -> int:
    """Count the letters of a text."""
    return len(string)


@node("CaseConverter", category="text", title="Case Converter")
def convert_case(
    string: Lines = "",
    mode: Annotated[
        Literal["UPPERCASE", "lowercase", "Capitalize", "Title Case"], Tip("How the result is written.")
    ] = "UPPERCASE",
) -> str:
    """Write a text in capitals or small letters."""
    ways = {"UPPERCASE": str.upper, "lowercase": str.lower, "Capitalize": str.capitalize, "Title Case": str.title}
    return ways[mode](string)


@node("StringTrim", category="text", title="Trim")
def trim(
    string: Lines = "", mode: Annotated[Literal["Both", "Left", "Right"], Tip("Which end is trimmed.")] = "Both"
) -> str:
    """Take spaces and line breaks off the ends of a text."""
    return {"Both": str.strip, "Left": str.lstrip, "Right": str.rstrip}[mode](string)


@node("StringReplace", category="text", title="Replace")
def replace(
    string: Lines = "",
    find: Annotated[str, Text(multiline=True), Tip("What is looked for, letter by letter.")] = "",
    replace: Annotated[str, Text(multiline=True), Tip("What is put in its place.")] = "",
) -> str:
    """Replace every occurrence of some words."""
    return string.replace(find, replace)


@node("StringContains", category="text", title="Contains")
def contains(
    string: Lines = "",
    substring: Annotated[str, Text(multiline=True), Tip("What is looked for.")] = "",
    case_sensitive: SameCase = True,
) -> bool:
    """Whether a text has some words in it."""
    whole, part = (string, substring) if case_sensitive else (string.lower(), substring.lower())
    return part in whole


@node("StringCompare", category="text", title="Compare")
def compare(
    string_a: Lines = "",
    string_b: Lines = "",
    mode: Annotated[Literal["Starts With", "Ends With", "Equal"], Tip("What the first is asked.")] = "Starts With",
    case_sensitive: SameCase = True,
) -> bool:
    """Compare one text with another."""
    a, b = (string_a, string_b) if case_sensitive else (string_a.lower(), string_b.lower())
    return {"Starts With": a.startswith(b), "Ends With": a.endswith(b), "Equal": a == b}[mode]


@node("RegexMatch", category="text", title="Regex Match")
def matches(
    string: Lines = "",
    regex_pattern: Pattern = "",
    case_insensitive: AnyCase = True,
    multiline: ManyLines = False,
    dotall: DotAll = False,
) -> bool:
    """Whether a pattern is found in a text."""
    return _pattern(regex_pattern, case_insensitive, multiline, dotall).search(string) is not None


@node("RegexExtract", category="text", title="Regex Extract")
def extract(
    string: Lines = "",
    regex_pattern: Pattern = "",
    mode: Annotated[
        Literal["First Match", "All Matches", "First Group", "All Groups"], Tip("All gives one a line.")
    ] = "First Match",
    case_insensitive: AnyCase = True,
    multiline: ManyLines = False,
    dotall: DotAll = False,
    group_index: Annotated[int, Range(0, 100), Tip("Which parentheses, counted from 1; 0 is all of a match.")] = 1,
) -> str:
    """Take what a pattern finds out of a text; nothing where it finds nothing."""
    pattern = _pattern(regex_pattern, case_insensitive, multiline, dotall)
    group = group_index if mode.endswith(("Group", "Groups")) else 0
    if group > pattern.groups:
        raise ValueError(f"'group_index' asks for group {group}, and {regex_pattern!r} has {pattern.groups}.")
    found = [match[group] or "" for match in pattern.finditer(string)]
    return "\n".join(found if mode.startswith("All") else found[:1])


@node("RegexReplace", category="text", title="Regex Replace")
def replace_pattern(
    string: Lines = "",
    regex_pattern: Pattern = "",
    replace: Annotated[str, Text(multiline=True), Tip("What is put in its place; \\1 is the first group.")] = "",
    case_insensitive: AnyCase = True,
    multiline: ManyLines = False,
    dotall: DotAll = False,
    count: Annotated[int, Range(0, 100), Tip("How many times at most; 0 is every time.")] = 0,
) -> str:
    """Replace what a pattern finds."""
    try:
        return _pattern(regex_pattern, case_insensitive, multiline, dotall).sub(replace, string, count=count)
    except (re.error, IndexError) as error:
        raise ValueError(f"{replace!r} cannot replace what {regex_pattern!r} finds: {error}.") from error


def _pattern(text: str, any_case: bool, many_lines: bool, dot_all: bool) -> re.Pattern[str]:
    flags = re.IGNORECASE * any_case | re.MULTILINE * many_lines | re.DOTALL * dot_all
    try:
        return re.compile(text, flags)
    except re.error as error:
        raise ValueError(f"{text!r} is no regular expression: {error}.") from error


@node("PromptVariations", category="text", title="Prompt Variations")
def vary(
    note: Resource[Note],
    text: Annotated[str, Text(multiline=True), Tip("Such as a {red|blue|{dark|light} green} circle.")] = "",
    seed: Annotated[int, Seed(), Tip("The same seed, the same choices.")] = 0,
) -> str:
    """Choose one of what stands between braces. What was chosen is said on the node and in a picture's parameters."""
    chosen = varied(text, seed)
    note(f"The prompt is: {chosen}")
    return chosen


class Styled(NamedTuple):
    """Both prompts, with the styles added."""

    prompt: str
    negative_prompt: str


@node("PromptStyles", category="text", title="Prompt Styles")
def add_styles(
    inputs: Resource[InputFolder],
    file: Annotated[str, Choice("styles"), Tip("A styles.csv of the input folder: name, prompt, negative_prompt.")],
    styles: Annotated[str, Text(), Tip("Names of styles, with commas between them.")] = "",
    prompt: Lines = "",
    negative_prompt: Lines = "",
) -> Styled:
    """Add named styles to prompts. {prompt} in a style stands for the prompt; otherwise the style comes behind it."""
    known = _read_styles(inputs.path(file).read_bytes(), file)
    for name in filter(None, (word.strip() for word in styles.split(","))):
        if name not in known:
            raise ValueError(f"{file} has no style called {name!r}. It has {', '.join(sorted(known))}.")
        prompt, negative_prompt = (_styled(*pair) for pair in zip((prompt, negative_prompt), known[name], strict=True))
    return Styled(prompt, negative_prompt)


def _read_styles(content: bytes, file: str) -> dict[str, tuple[str, str]]:
    try:
        rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    except (UnicodeDecodeError, csv.Error) as error:
        raise UnreadableFile(f"{file} is not a table of styles in UTF-8.") from error
    if not rows or "name" not in rows[0]:
        raise UnreadableFile(f"{file} has no styles: a first line 'name,prompt,negative_prompt' was expected.")
    return {row["name"]: (row.get("prompt") or "", row.get("negative_prompt") or "") for row in rows}


def _styled(prompt: str, style: str) -> str:
    if "{prompt}" in style:
        return style.replace("{prompt}", prompt)
    return ", ".join(text for text in (prompt.strip(), style.strip()) if text)
