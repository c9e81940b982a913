"""From a prompt to conditioning. Importing this needs no torch, so that a plan can ask which files a prompt names."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, cast

from diffusion.conditioning import Cond, Conditioning
from diffusion.files.folders import ModelFolders
from diffusion.handle import FileRef, TextHandle
from diffusion.text.chunks import Piece, Vector, chunks
from diffusion.text.prompt import passages
from diffusion.text.references import Reference, references
from diffusion.text.tokenizer import tokenize

if TYPE_CHECKING:
    from transformers import CLIPTextModel

    from diffusion.residency import Residency


def encode(
    residency: Residency,
    folders: ModelFolders,
    handle: TextHandle,
    prompt: str,
    *,
    warn: Callable[[str], None],
    stop: Callable[[], None] | None = None,
) -> Conditioning:
    """What a text encoder makes of a prompt, weights applied: one entry, (1, 77·chunks, D), float32, on the CPU.

    A textual inversion that is missing or made for another encoder is left out with a warning, a damaged one raises
    UnreadableFile. ``stop`` is called now and then and may raise to end the work.
    """
    from diffusion.text.embeddings import read_embeddings
    from diffusion.text.encoder import run_encoder
    from diffusion.text.weighting import move_from_empty, weights_of

    config = residency.config(handle)
    skip = handle.skip
    if skip >= config.layers:
        warn(f"This text encoder has {config.layers} layers, so its last one was taken.")
        skip = 0
    parts = [(part, weight) for text, weight in passages(prompt) for part in references(text, folders)]
    named = [part for part, _ in parts if isinstance(part, Reference)]
    vectors = read_embeddings(named, folders, config.width, warn)
    text = chunks(pieces(parts, {file: len(rows) for file, rows in vectors.items()}))
    weighted = any(weight != 1 for chunk in text for weight in chunk.weights)
    # The empty prompt, which weights are measured from, goes through the network beside the text.
    batch = [*text, *chunks([])] if weighted else text
    hidden, pooled = residency.run(
        handle, lambda module: run_encoder(cast("CLIPTextModel", module), batch, vectors, skip), stop
    )
    embeds = move_from_empty(hidden[:-1], weights_of(text), hidden[-1]) if weighted else hidden  # (chunks, 77, D)
    return Conditioning((Cond(embeds.reshape(1, -1, embeds.shape[-1]), pooled=pooled[:1]),))


def pieces(parts: Iterable[tuple[str | Reference, float]], lengths: dict[FileRef, int]) -> Iterable[Piece]:
    """Words as tokens, and textual inversions as so many vectors."""
    for part, weight in parts:
        if isinstance(part, str):
            yield Piece(tokenize(part), weight)
        elif part.file in lengths:
            yield Piece([Vector(part.file, row) for row in range(lengths[part.file])], weight)


def files_named(prompt: str, folders: ModelFolders) -> tuple[FileRef, ...]:
    """The files that a prompt names, each once: what comes out depends on them as well. Needs no torch."""
    named = [part for text, _ in passages(prompt) for part in references(text, folders) if isinstance(part, Reference)]
    return tuple(dict.fromkeys(part.file for part in named if part.file is not None))
