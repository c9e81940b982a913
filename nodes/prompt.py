"""Nodes that read prompts by the rules of other programs, and the adapters that prompts name."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

from diffusion.conditioning import Conditioning
from diffusion.handle import ModelHandle, TextHandle
from diffusion.runtime import Runtime
from graph.declare import Range, Resource, Text, Tip, node
from graph.reporting import Note, Progress, Warn
from nodes.conditioning import warn_of_adapters
from workflows.variations import undecided

if TYPE_CHECKING:
    from diffusion.text.encode import RulesName

Prompt = Annotated[
    str, Text(multiline=True), Tip("(words:1.2) weighs words; embedding:name, or just the name, uses an embedding.")
]
AdapterPrompt = Annotated[
    str,
    Text(multiline=True),
    Tip(
        "As a prompt, with <lora:name:model:clip> (by the rules a1111: <lora:name:clip:model>), "
        "<lora:name:unet=1:te=0.5:dyn=4:lbw=MIDD>, <hypernet:name:0.5>."
    ),
]
PromptRules = Annotated[
    Literal["default", "a1111"],
    Tip("a1111 reads BREAK, AND, [from:to:when] and [a|b], and weighs words as that program does."),
]
Steps = Annotated[int, Range(1, 10000), Tip("How many steps the sampler runs; [from:to:when] counts them.")]


class Encoded(NamedTuple):
    """The conditioning, and the embeddings that the prompt named."""

    conditioning: Conditioning
    resolved: str


class AdaptedAndEncoded(NamedTuple):
    """The models with what the prompt named on top, the conditioning, and what was resolved."""

    model: ModelHandle
    clip: TextHandle
    conditioning: Conditioning
    resolved: str


def files_in_prompt(inputs: Mapping[str, Any], resources: Mapping[type, Any]) -> str:
    """The files that a prompt names in any way, as they are now: replacing one must encode the prompt again."""
    from diffusion.adapters.lookup import files_mentioned
    from diffusion.adapters.mentions import split_mentions
    from diffusion.text.encode import files_named

    text, runtime = inputs.get("text"), resources.get(Runtime)
    rules, steps = inputs.get("rules", "default"), inputs.get("steps", 20)
    if not isinstance(text, str) or runtime is None or not isinstance(rules, str) or not isinstance(steps, int):
        return ""  # what arrives through a wire is looked at when it is there
    split = split_mentions(text)
    files = [
        *files_mentioned(split.mentions, runtime.folders),
        *files_named(split.text, runtime.folders, _rules(rules), steps),
    ]
    return " ".join(f"{file.path}@{file.identity}" for file in dict.fromkeys(files))


@node(
    "EncodePrompt",
    category="conditioning",
    title="Encode Prompt (Rules)",
    fingerprint=files_in_prompt,
    remarks=undecided,
)
def encode_by_rules(
    runtime: Resource[Runtime],
    progress: Resource[Progress],
    warn: Resource[Warn],
    clip: TextHandle,
    text: Prompt = "",
    rules: PromptRules = "default",
    steps: Steps = 20,
) -> Encoded:
    """Encode a prompt by chosen rules. Embeddings need no mark before their names."""
    warn_of_adapters(warn, text)
    return _encoded(runtime, progress, warn, clip, text, rules, steps)


@node(
    "EncodePromptWithAdapters",
    category="conditioning",
    title="Encode Prompt with Adapters",
    fingerprint=files_in_prompt,
    remarks=undecided,
)
def encode_with_adapters(
    runtime: Resource[Runtime],
    progress: Resource[Progress],
    warn: Resource[Warn],
    note: Resource[Note],
    model: ModelHandle,
    clip: TextHandle,
    text: AdapterPrompt = "",
    rules: PromptRules = "default",
    steps: Steps = 20,
) -> AdaptedAndEncoded:
    """Put the LoRAs and hypernetworks that a prompt names on the models, and encode the rest of it with them.

    The last output says, line by line, which files were meant.
    """
    from diffusion.adapters.prompted import put_on_mentioned

    folders, residency = runtime.folders, runtime.residency
    prompted = put_on_mentioned(
        residency, folders, text, model, clip, note=note, warn=warn, text_first=rules == "a1111"
    )
    encoded = _encoded(runtime, progress, warn, prompted.text, prompted.prompt, rules, steps)
    resolved = "\n".join([*prompted.found, *encoded.resolved.splitlines()])
    return AdaptedAndEncoded(prompted.model, prompted.text, encoded.conditioning, resolved)


def _encoded(
    runtime: Runtime, progress: Progress, warn: Warn, clip: TextHandle, text: str, rules: str, steps: int
) -> Encoded:
    from diffusion.text.encode import encode

    found: list[str] = []
    conditioning = encode(
        runtime.residency,
        runtime.folders,
        clip,
        text,
        warn=warn,
        note=found.append,
        stop=progress.check,
        rules=_rules(rules),
        steps=steps,
    )
    return Encoded(conditioning, "\n".join(found))


def _rules(rules: str) -> "RulesName":
    """The rules as these nodes read them: embeddings are known by their bare names."""
    return "a1111" if rules == "a1111" else "bare_names"
