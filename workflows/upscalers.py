"""Networks that enlarged a picture elsewhere, put into the workflow where their files are here."""

import copy
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from graph.choices import Choices
from graph.errors import AmbiguousChoice
from workflows.document import Document, from_members

KIND, MEMBER, MISSING = "upscale_models", "enlarged_by", "no_upscaler"
FILES = {
    "r-esrgan 4x+": "RealESRGAN_x4plus",
    "r-esrgan 4x+ anime6b": "RealESRGAN_x4plus_anime_6B",
    "r-esrgan 2x+": "RealESRGAN_x2plus",
    "r-esrgan general 4xv3": "realesr-general-x4v3",
    "r-esrgan animevideo": "realesr-animevideov3",
    "esrgan_4x": "ESRGAN",
}
"""What the oldest web interface calls the networks that it fetches, and their files; others go by their file."""


def with_upscalers(document: Document, choices: Mapping[str, Choices]) -> Document:
    """The document with the networks before those nodes that resize in their place, where there are such files.

    Its ``enlarged_by`` says of a node, ``"upscale"``, which network it stands for.
    """
    told = document.members.get(MEMBER)
    found = {
        node: file
        for node, shown in (told.items() if isinstance(told, Mapping) else ())
        if node in document.workflow.nodes and isinstance(shown, str) and (file := _find(choices, shown)) is not None
    }
    if not found:
        return document
    members = copy.deepcopy(dict(document.members))
    for node, file in found.items():
        del members[MEMBER][node]
        inputs = members["nodes"][node]["inputs"]
        load, enlarge = f"{node}_model", f"{node}_enlarged"
        members["nodes"] |= {
            load: _node("UpscaleModelLoader", model_name=file),
            enlarge: _node("ImageUpscaleWithModel", upscale_model=[load, 0], image=inputs["image"]),
        }
        inputs["image"] = [enlarge, 0]
    problems = [each for each in document.problems if each.code != MISSING or each.node not in found]
    return replace(from_members(members), problems=tuple(problems), editor_text=document.editor_text)


def _node(kind: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": kind, "inputs": inputs}


def _find(choices: Mapping[str, Choices], shown: str) -> str | None:
    """The file of a network, by its file's name elsewhere or by its own name."""
    for name in (FILES.get(shown.lower(), shown), shown):
        with suppress(AmbiguousChoice):
            if KIND in choices and (found := choices[KIND].find(name)) is not None:
                return found
    return None
