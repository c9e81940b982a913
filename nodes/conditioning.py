"""Nodes that turn words into what a picture should show."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

from diffusion.conditioning import Conditioning
from diffusion.handle import TextHandle
from diffusion.runtime import Runtime
from graph.declare import Range, Resource, Text, Tip, node
from graph.reporting import Progress, Warn
from workflows.variations import undecided

CLIP_SKIP = Tip("-1 is the last layer; -2 is what others call clip skip 2.")


def files_in_text(inputs: Mapping[str, Any], resources: Mapping[type, Any]) -> str:
    """The textual inversions that a prompt names, as they are now: replacing one must encode the prompt again."""
    from diffusion.text.encode import files_named

    text, runtime = inputs.get("text"), resources.get(Runtime)
    if not isinstance(text, str) or runtime is None:
        return ""  # the text arrives through a wire and is looked at when it is there
    return " ".join(f"{file.path}@{file.identity}" for file in files_named(text, runtime.folders))


@node(
    "CLIPTextEncode",
    category="conditioning",
    title="CLIP Text Encode (Prompt)",
    fingerprint=files_in_text,
    remarks=undecided,
)
def encode_prompt(
    runtime: Resource[Runtime],
    progress: Resource[Progress],
    warn: Resource[Warn],
    text: Annotated[str, Text(multiline=True), Tip("(words:1.2) weighs words, embedding:name uses an embedding.")],
    clip: TextHandle,
) -> Conditioning:
    """Encode a prompt, so that a sampler can be guided by it."""
    from diffusion.text.encode import encode

    warn_of_adapters(warn, text)
    return encode(runtime.residency, runtime.folders, clip, text, warn=warn, stop=progress.check)


def warn_of_adapters(warn: Warn, text: str) -> None:
    """Say that adapters which a prompt names are words to the node."""
    from diffusion.adapters.mentions import split_mentions

    if split_mentions(text).mentions:
        warn("This node reads <lora:…> and <hypernet:…> as words. Use EncodePromptWithAdapters to put them on.")


@node("CLIPSetLastLayer", category="conditioning", title="CLIP Set Last Layer")
def set_last_layer(clip: TextHandle, stop_at_clip_layer: Annotated[int, Range(-24, -1), CLIP_SKIP] = -1) -> TextHandle:
    """Take the text encoder's answer from an earlier layer."""
    return replace(clip, skip=-1 - stop_at_clip_layer)
