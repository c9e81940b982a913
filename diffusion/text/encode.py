"""From a prompt to conditioning. Importing this needs no torch, so that a plan can ask which files a prompt names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, cast

from diffusion.conditioning import Cond, Conditioning
from diffusion.errors import NotFinite
from diffusion.files.folders import ModelFolders
from diffusion.handle import FileRef, TextHandle
from diffusion.text.bundles import NONE, bundles_of
from diffusion.text.chunks import Piece, Vector, chunks
from diffusion.text.references import Reference
from diffusion.text.rules import RULES, Part, Reading
from diffusion.text.tokenizer import tokenize

if TYPE_CHECKING:
    from transformers import CLIPTextModel

    from diffusion.residency import Residency

RulesName = Literal["default", "bare_names", "a1111"]


def encode(
    residency: Residency,
    folders: ModelFolders,
    handle: TextHandle,
    prompt: str,
    *,
    warn: Callable[[str], None],
    note: Callable[[str], None] | None = None,
    stop: Callable[[], None] | None = None,
    rules: RulesName = "default",
    steps: int = 20,
) -> Conditioning:
    """What a text encoder makes of a prompt, weights applied: (1, 77·chunks, D), float32, on the CPU.

    One entry by the default rules; by A1111's one for every text the prompt stands for during so many ``steps`` of
    sampling, see `diffusion.text.rules.Reading`. A textual inversion that is missing or made for another encoder is
    left out with a warning, a damaged one raises UnreadableFile; ``note`` hears which are used. ``stop`` is called now
    and then and may raise.
    """
    from diffusion.damage import cause_of_not_finite
    from diffusion.text.embeddings import read_embeddings
    from diffusion.text.encoder import run_encoder, weights_of

    config = residency.config(handle)
    skip = handle.skip
    if skip >= config.layers:
        warn(f"This text encoder has {config.layers} layers, so its last one was taken.")
        skip = 0
    kind = RULES[rules]
    readings = kind.read(prompt, folders, steps, bundles_of(handle, folders))
    vectors = read_embeddings(named(readings), folders, config.width, warn)
    lengths = {file: len(rows) for file, rows in vectors.items()}
    for reference in dict.fromkeys(named(readings)):
        if note is not None and reference.file is not None and reference.key in lengths:
            note(f"embedding {reference.name} → {reference.file.path}: {lengths[reference.key]} vectors")
    texts = [kind.fill([pieces(section, lengths) for section in reading.sections]) for reading in readings]
    flat = [chunk for text in texts for chunk in text]
    weighted = any(weight != 1 for chunk in flat for weight in chunk.weights)
    # The empty prompt, from which weights can be measured, goes through the network beside the texts.
    batch = [*flat, *chunks([])] if weighted else flat
    hidden, pooled = residency.run(
        handle, lambda module: run_encoder(cast("CLIPTextModel", module), batch, vectors, skip), stop
    )
    if weighted:
        hidden, pooled = kind.weigh(hidden[:-1], weights_of(flat), hidden[-1]), pooled[:-1]
    if not hidden.isfinite().all():
        raise NotFinite(
            cause_of_not_finite(residency, handle)
            or "The encoded prompt holds values that are not numbers: a weight in it is too large, or the text "
            "encoder, an adapter on it or its precision is at fault."
        )
    sizes = [len(text) for text in texts]
    return Conditioning(
        tuple(
            Cond(own.reshape(1, -1, config.width), pooled=ends[:1], strength=reading.strength, extra=reading.extra)
            for reading, own, ends in zip(readings, hidden.split(sizes), pooled.split(sizes), strict=True)
        )
    )


def pieces(section: Sequence[Part], lengths: Mapping[FileRef, int]) -> list[Piece]:
    """Words as tokens, textual inversions as vectors, or where they could not be read as what stands for them."""
    laid: list[Piece] = []
    for content, weight in section:
        if isinstance(content, str):
            laid.append(Piece(tokenize(content), weight))
        elif not isinstance(content, Reference):
            laid.append(Piece(content, weight))
        elif content.key is not None and content.key in lengths:
            laid.append(Piece([Vector(content.key, row) for row in range(lengths[content.key])], weight))
        else:
            laid.append(Piece(content.words, weight))
    return laid


def files_named(
    prompt: str, folders: ModelFolders, rules: RulesName = "default", steps: int = 20
) -> tuple[FileRef, ...]:
    """The files that a prompt names, each once: what comes out depends on them as well. Needs no torch.

    Those within an adapter's file are left out: the encoder's handle names that.
    """
    files = (reference.file for reference in named(RULES[rules].read(prompt, folders, steps, NONE)))
    return tuple(dict.fromkeys(file for file in files if file is not None))


def named(readings: list[Reading]) -> list[Reference]:
    parts = (part.content for reading in readings for section in reading.sections for part in section)
    return [part for part in parts if isinstance(part, Reference)]
