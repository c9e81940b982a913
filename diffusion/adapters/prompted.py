"""The adapters that a prompt names, put on a model and its text encoder."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from diffusion.adapters.mentions import Mention, split_mentions
from diffusion.adapters.stacking import Say, stacked
from diffusion.files.folders import ModelFolders
from diffusion.handle import Applied, ModelHandle, TextHandle
from diffusion.hypernetwork import Hypernetwork, open_hypernetwork

if TYPE_CHECKING:
    from diffusion.residency import Residency


class Prompted(NamedTuple):
    """A prompt without its mentions, and what they made of the models."""

    prompt: str
    model: ModelHandle
    text: TextHandle
    found: tuple[str, ...]
    """A line for each mention: what was written → the file it meant, and how strongly it acts."""


def put_on_mentioned(
    residency: Residency,
    folders: ModelFolders,
    prompt: str,
    model: ModelHandle,
    text: TextHandle,
    *,
    note: Say,
    warn: Say,
    text_first: bool = False,
) -> Prompted:
    """Take the LoRAs and hypernetworks out of a prompt and put them on. Nothing is computed.

    ``note`` hears what each changes, ``warn`` what cannot be applied. ``text_first``: of two strengths
    the text encoder's comes first, as A1111 writes them. Raises FileNotInFolder for a name that means no
    file or several, UnreadableFile, and AdapterMismatch for one that changes nothing.
    """
    split = split_mentions(prompt, text_first=text_first)
    for problem in split.problems:
        warn(problem)
    loras = [mention for mention in split.mentions if mention.kind == "lora"]
    hypernetworks = [
        (mention, _hypernetwork(residency, folders, mention, model))
        for mention in split.mentions
        if mention.kind == "hypernet"
    ]
    for _, hypernetwork in hypernetworks:
        note(f"{hypernetwork.file.path}: a hypernetwork, put on at strength {hypernetwork.strength:g}.")
    on_model, on_text = stacked(residency, folders, loras, {"model": model, "text": text}, note=note, warn=warn)
    lines = [*map(_lora_line, loras, on_model), *(_hypernetwork_line(*pair) for pair in hypernetworks)]
    bent = (*model.block_patches, *(hypernetwork for _, hypernetwork in hypernetworks))
    return Prompted(split.text, replace(model.clone(*on_model), block_patches=bent), text.clone(*on_text), tuple(lines))


def _hypernetwork(residency: Residency, folders: ModelFolders, mention: Mention, model: ModelHandle) -> Hypernetwork:
    return Hypernetwork(open_hypernetwork(folders, mention.name, residency.targets(model)), mention.model)


def _lora_line(mention: Mention, applied: Applied) -> str:
    options = "".join(f", {name} {value}" for name, value in applied.options)
    return f"lora {mention.name} → {applied.adapter.path}: model {mention.model:g}, clip {mention.text:g}{options}"


def _hypernetwork_line(mention: Mention, hypernetwork: Hypernetwork) -> str:
    return f"hypernet {mention.name} → {hypernetwork.file.path}: {hypernetwork.strength:g}"
