"""Names that stand for something outside the workflow: files, samplers, whatever is listed on demand."""

from __future__ import annotations

import difflib
import reprlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from graph.errors import AmbiguousChoice

LONGEST = 200  # characters of a name that is worth comparing
MOST_COMPARED = 20  # missing names in one check for which near ones are looked for: it takes milliseconds each


class Choices(Protocol):
    """One source of names, e.g. the LoRA files of this machine."""

    def names(self) -> Sequence[str]:
        """All names, in the order in which a user should see them."""

    def find(self, name: str) -> str | None:
        """The name as this source spells it, None if there is no such thing. May raise AmbiguousChoice."""

    def identity(self, name: str) -> str:
        """Text that changes whenever what the name stands for changes; "" where nothing can."""


@dataclass(frozen=True, slots=True)
class Found:
    """A name as looked up: the canonical name, or the code and the sentence that say why there is none."""

    name: str | None
    code: str = ""
    message: str = ""


class Lookup:
    """Choices asked once per name: within one check or one run the world stands still."""

    def __init__(self, choices: Mapping[str, Choices]):
        self._choices = choices
        self._found: dict[tuple[str, str], Found] = {}
        self._identities: dict[tuple[str, str], str] = {}
        self._missing = 0

    def find(self, source: str, name: str) -> Found:
        """Look a name up; ``code`` is "found_as" where it is spelled differently."""
        found = self._found.get((source, name))
        if found is None:
            found = self._found[source, name] = self._ask(source, name)
        return found

    def identity(self, source: str, name: str) -> str:
        """What tells one version of the thing from the next, as it was when first asked for."""
        identity = self._identities.get((source, name))
        if identity is None:
            try:
                identity = self._choices[source].identity(name)
            except Exception:  # it went away since it was found; the node that opens it will say so
                identity = f"unreadable:{uuid.uuid4().hex}"
            self._identities[source, name] = identity
        return identity

    def _ask(self, source: str, name: str) -> Found:
        choices = self._choices.get(source)
        if choices is None:
            return Found(None, "unknown_choice", f"this program has no list of {source!r} to choose {name!r} from")
        try:
            canonical = choices.find(name)
        except AmbiguousChoice as error:
            return Found(None, "ambiguous_choice", f"{error}; write one of them")
        if canonical is None:
            self._missing += 1
            sentence = no_such_choice(name, choices.names(), compare=self._missing <= MOST_COMPARED)
            return Found(None, "unknown_choice", sentence)
        if canonical != name:
            return Found(canonical, "found_as", f"{name!r} was found as {canonical!r}")
        return Found(name)


def no_such_choice(name: object, names: Sequence[object], *, compare: bool = True) -> str:
    """The sentence for a name that is not among names; those that look most like it, unless they are too many to
    ``compare``."""
    missing = f"there is no {reprlib.repr(name) if len(str(name)) > LONGEST else repr(name)}"
    if not names:
        return f"{missing}; the list is empty"
    spelled = [str(known) for known in names]
    near = (
        difflib.get_close_matches(str(name), spelled, n=3, cutoff=0.5) if compare and len(str(name)) <= LONGEST else []
    )
    if near:
        return f"{missing}; the nearest is {' or '.join(map(repr, near))}"
    few = ", ".join(map(repr, spelled[:5])) + (f" and {len(spelled) - 5} more" if len(spelled) > 5 else "")
    return f"{missing} among {few}"
