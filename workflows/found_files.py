"""Which files here are those that a picture was made with: by name, or else by hash.

A document's ``hashes`` say of an input, ``"lora_1.lora_name"``, how the file's hash begins.
"""

from collections.abc import Mapping
from dataclasses import replace

from graph.choices import Choices
from graph.errors import AmbiguousChoice, Problem
from workflows.document import Document
from workflows.parameters import HashOf
from workflows.values import with_placed_values

KINDS = {"ckpt_name": "checkpoints", "lora_name": "loras", "vae_name": "vae"}
OF_TENSORS = 12  # digits that LoRAs are known by; fewer are of the whole file


def with_found_files(document: Document, choices: Mapping[str, Choices], hash_of: HashOf) -> Document:
    """The document with the names of files that have other names here; a file of another hash becomes a problem.

    All files of a kind are hashed only where a name is not known.
    """
    hashes = document.members.get("hashes")
    placed, problems = {}, list(document.problems)
    for place, digits in hashes.items() if isinstance(hashes, Mapping) else ():
        node_id, _, name = place.rpartition(".")
        node, kind = document.workflow.nodes.get(node_id), KINDS.get(name, "")
        written = node.inputs.get(name) if node else None
        if not isinstance(written, str) or not isinstance(digits, str) or kind not in choices:
            continue
        found = _find(choices[kind], written)
        if found is None:
            other = next((known for known in choices[kind].names() if _agree(hash_of(kind, known), digits)), None)
            if other is not None:
                placed[node_id, name] = other
                message = f"{written!r} is not here; {other!r} is the same file"
                problems.append(Problem("found_by_hash", message, node_id, name, severity="warning"))
        elif (kind != "loras" or len(digits) >= OF_TENSORS) and not _agree(hash_of(kind, found), digits):
            message = f"{found!r} is another file than {written!r} was: its hash does not begin with {digits}"
            problems.append(Problem("another_file", message, node_id, name, severity="warning"))
    return replace(with_placed_values(document, placed), problems=tuple(problems))


def _find(source: Choices, name: str) -> str | None:
    try:
        return source.find(name)
    except AmbiguousChoice:
        return None


def _agree(digest: str | None, digits: str) -> bool:
    """Whether one is the beginning of the other."""
    return bool(digest and (digest.startswith(digits) or digits.startswith(digest)))
