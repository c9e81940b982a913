"""Nodes that put adapters on models. They clone references; nothing is computed until a model is used."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

from diffusion.handle import Component, ModelHandle, TextHandle
from diffusion.runtime import Runtime
from graph.declare import Choice, Range, Resource, Text, Tip, node
from graph.reporting import Note, Warn

if TYPE_CHECKING:
    from diffusion.adapters.mentions import Mention
    from diffusion.adapters.stacking import Stack

LoraName = Annotated[str, Choice("loras"), Tip("A file of the folder `loras`: LoRA or one of its relatives.")]
Strength = Annotated[float, Range(-100, 100, step=0.01), Tip("1 as trained, 0 not at all, less than 0 the opposite.")]
Lines = Annotated[
    str,
    Text(multiline=True),
    Tip("A line for each: name:model:clip, as in neon:0.8 or neon:0.8:0.5. Lines that begin with # are left out."),
]
Blocks = Annotated[
    str,
    Text(),
    Tip(
        "Factors for the blocks: 26 numbers (BASE, IN00 … IN11, M00, OUT00 … OUT11), 25 without BASE, 17 of those with "
        "attention, or ALL, NONE, INS, IND, INALL, MIDD, OUTD, OUTS, OUTALL."
    ),
]
Rank = Annotated[int, Range(0, 1024), Tip("Of a DyLoRA, how many of its ranks to use; 0 uses them all.")]
Against = Annotated[
    Literal["pristine", "running"],
    Tip(
        "What kinds that read the weight they change (DoRA, OFT, BOFT, GLoRA, IA3) read: the checkpoint's, or what the "
        "adapters before have made of it."
    ),
]


class Adapted(NamedTuple):
    """Both references, with adapters on top."""

    model: ModelHandle
    clip: TextHandle


@node("LoraLoader", category="loaders", title="Load LoRA")
def load_lora(
    runtime: Resource[Runtime],
    warn: Resource[Warn],
    note: Resource[Note],
    model: ModelHandle,
    clip: TextHandle,
    lora_name: LoraName,
    strength_model: Strength = 1.0,
    strength_clip: Strength = 1.0,
) -> Adapted:
    """Put a LoRA on a model and its text encoder. Several stack, in any order, and the originals stay as they were."""
    from diffusion.adapters.mentions import Mention

    mention = Mention("lora", lora_name, strength_model, strength_clip)
    return _put_on(runtime, warn, note, [mention], model, clip)


@node("LoraLoaderModelOnly", category="loaders", title="Load LoRA (Model Only)")
def load_lora_on_model(
    runtime: Resource[Runtime],
    warn: Resource[Warn],
    note: Resource[Note],
    model: ModelHandle,
    lora_name: LoraName,
    strength_model: Strength = 1.0,
) -> ModelHandle:
    """Put a LoRA on a model and leave the text encoder alone."""
    from diffusion.adapters.mentions import Mention

    mention = Mention("lora", lora_name, strength_model)
    return model.clone(*_stack(runtime, warn, note, [mention], {"model": model}).model)


def list_fault(written: Mapping[str, Any], sockets: Mapping[str, str]) -> str:
    """For the check of a node: what is wrong with the lines or the block weights that are written into it."""
    from diffusion.adapters.blocks import blocks_option
    from diffusion.adapters.mentions import listed_mentions
    from diffusion.errors import AdapterMismatch

    for name, read in (("loras", listed_mentions), ("block_weights", blocks_option)):
        try:
            read(written[name]) if isinstance(written.get(name), str) else None
        except AdapterMismatch as error:
            return str(error)
    return ""


@node("LoraLoaderBlockWeight", category="loaders", title="Load LoRA (Block Weights)", validate=list_fault)
def load_lora_by_block(
    runtime: Resource[Runtime],
    warn: Resource[Warn],
    note: Resource[Note],
    model: ModelHandle,
    clip: TextHandle,
    lora_name: LoraName,
    strength_model: Strength = 1.0,
    strength_clip: Strength = 1.0,
    block_weights: Blocks = "ALL",
    rank: Rank = 0,
    against: Against = "pristine",
) -> Adapted:
    """Put a LoRA on a model with a factor for each block of the network, and further choices for some kinds."""
    from diffusion.adapters.blocks import blocks_option
    from diffusion.adapters.mentions import Mention

    options = blocks_option(block_weights)
    options += (("rank", str(rank)),) if rank else ()
    options += (("against", against),) if against != "pristine" else ()
    mention = Mention("lora", lora_name, strength_model, strength_clip, options)
    return _put_on(runtime, warn, note, [mention], model, clip)


def files_in_list(inputs: Mapping[str, Any], resources: Mapping[type, Any]) -> str:
    """The adapters that lines name, as they are now: replacing one must put it on again."""
    from diffusion.adapters.lookup import files_mentioned
    from diffusion.adapters.mentions import listed_mentions
    from diffusion.errors import AdapterMismatch

    lines, runtime = inputs.get("loras"), resources.get(Runtime)
    if not isinstance(lines, str) or runtime is None:
        return ""  # the text arrives through a wire and is looked at when it is there
    try:
        mentions = listed_mentions(lines)
    except AdapterMismatch:
        return ""  # which the node says itself when it runs
    return " ".join(f"{file.path}@{file.identity}" for file in files_mentioned(mentions, runtime.folders))


@node("LoraStack", category="loaders", title="Load LoRAs", fingerprint=files_in_list, validate=list_fault)
def load_loras(
    runtime: Resource[Runtime],
    warn: Resource[Warn],
    note: Resource[Note],
    model: ModelHandle,
    clip: TextHandle,
    loras: Lines = "",
) -> Adapted:
    """Put many LoRAs on a model and its text encoder, one a line. Their order matters for few kinds (BOFT) only."""
    from diffusion.adapters.mentions import listed_mentions

    return _put_on(runtime, warn, note, listed_mentions(loras), model, clip)


def _put_on(
    runtime: Runtime, warn: Warn, note: Note, mentions: "Iterable[Mention]", model: ModelHandle, clip: TextHandle
) -> Adapted:
    stack = _stack(runtime, warn, note, mentions, {"model": model, "text": clip})
    return Adapted(model.clone(*stack.model), clip.clone(*stack.text))


def _stack(
    runtime: Runtime,
    warn: Warn,
    note: Note,
    mentions: "Iterable[Mention]",
    handles: Mapping[Component, ModelHandle | TextHandle],
) -> "Stack":
    """Match the files against the models, refuse what fits nothing, and say what each does and what does not fit."""
    from diffusion.adapters.stacking import stacked

    return stacked(runtime.residency, runtime.folders, mentions, handles, note=note, warn=warn)
