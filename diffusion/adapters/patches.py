"""Adapter files on a model: what they say about themselves, and what they do to each weight."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal

from diffusion.adapters.adapter import Patch
from diffusion.adapters.alphas import alphas_of, configs_of
from diffusion.adapters.blocks import block_of, block_weights
from diffusion.adapters.build import build
from diffusion.adapters.dialects import Targets
from diffusion.adapters.loaded import LOADED, LoadedFile
from diffusion.adapters.lookup import find_adapter
from diffusion.adapters.match import Index, Match, match
from diffusion.adapters.report import AdapterReport, report
from diffusion.adapters.suffixes import split_key, split_number
from diffusion.errors import AdapterMismatch, UnreadableFile
from diffusion.families.family import FLOATING
from diffusion.files.folders import ModelFolders
from diffusion.files.header import PICKLES, Header
from diffusion.files.identity import autov2, autov3
from diffusion.handle import Applied, Component, FileRef
from diffusion.weights import open_weights

COUNTS = frozenset({"alpha", "scale", "on_input", "bias_indices", "bias_size"})
"""Roles of tensors that may be stored as whole numbers."""
FACTORS = ("scale_weight", "weight_scale", "scaled_fp8")
"""How keys end beside which a tensor's numbers are not its values."""


def inspect_adapter(
    folders: ModelFolders, name: str, targets: Mapping[Component, Targets]
) -> tuple[FileRef, AdapterReport]:
    """Find an adapter file, and say what it will do to a model.

    Raises FileNotInFolder, UnreadableFile for a damaged file (NaN, truncated, a web page …), and AdapterMismatch for
    one that changes nothing of this model or was made for another family.
    """
    return inspect_against(folders, name, Index.of(targets))


def inspect_against(folders: ModelFolders, name: str, index: Index) -> tuple[FileRef, AdapterReport]:
    """As `inspect_adapter`, for a model whose names have been spelled before: many adapters look them up in one."""
    file = folders.ref("loras", find_adapter(folders, name) or name)
    path = folders.path(file)
    source = open_weights(path, file.path)
    source.close()
    configs = configs_of(source.header.metadata, path, file.path)
    matched = match(source.header, index, configs)
    found = report(file.path, source.header, matched, index.targets, alphas_of(path, source.header, configs))
    if found.refusal:  # before tensors are read: it may be a whole checkpoint in the wrong folder
        raise AdapterMismatch(found.refusal)
    _refuse_quantised(source.header, file.path)
    loaded = LOADED.get(folders, file)
    notes = (*found.notes, *_alphas_of_zero(file, matched, loaded))
    computed = autov2 if path.suffix.lower() in PICKLES else autov3
    return file, replace(found, notes=notes, hash=found.hash or computed(path))


def _refuse_quantised(header: Header, name: str) -> None:
    """Raise UnreadableFile where tensors of an adapter mean nothing without factors that are kept beside them."""
    for key, entry in header.tensors.items():
        split = split_key(split_number(key)[0])
        counts = split is None or split[1] in COUNTS
        if key.endswith(FACTORS) or not (counts or entry.dtype.startswith(FLOATING)):
            raise UnreadableFile(
                f"{name} is quantised, which this version cannot read: {key} is stored as {entry.dtype}. "
                "Use the adapter in fp16, bf16 or fp32."
            )


def patches_for(
    folders: ModelFolders, stack: tuple[Applied, ...], component: Component, targets: Targets
) -> dict[str, tuple[Patch, ...]]:
    """Canonical weight name → what a stack of adapters does to it, in canonical order.

    Strengths of the same adapter on the same weight are summed as the decimal numbers they were written as, zeros
    dropped, the rest sorted; so +s and −s leave nothing, and the order of a stack does not matter. Kinds that are not
    linear in strength, and adapters with the option ``against=running`` (computed from what is there by then, not from
    the pristine weight), are neither merged nor sorted and come last, in the stack's order.

    The option ``rank`` takes that many ranks of a DyLoRA; ``blocks`` is a list of factors by block, see
    `diffusion.adapters.blocks`. Raises UnreadableFile, FileNotInFolder, and AdapterMismatch for a bad list.
    """
    stack = tuple(applied for applied in stack if applied.strength)
    if not stack:
        return {}
    patches: dict[str, list[Patch]] = {}
    index = Index.of({component: targets})
    for applied in stack:
        for name, patch in _patches_of(applied, LOADED.get(folders, applied.adapter), index, component):
            patches.setdefault(name, []).append(patch)
    canonical = {name: tuple(canonical_order(on_weight)) for name, on_weight in patches.items()}
    return {name: on_weight for name, on_weight in canonical.items() if on_weight}


def _patches_of(
    applied: Applied, loaded: LoadedFile, index: Index, component: Component
) -> Iterator[tuple[str, Patch]]:
    """What one adapter does to each weight that it changes."""
    options = dict(applied.options)
    running = options.get("against") == "running"
    factors = block_weights(options["blocks"]) if "blocks" in options else None
    for name, entries in match(loaded.header, index, loaded.configs).entries[component].items():
        target = index.targets[component][name]
        factor = factors[block_of(component, target.file_name)] if factors else 1.0
        for entry in entries if factor else ():
            try:
                adapter = build(entry, loaded.tensors, target.shape, options)
            except ValueError as error:
                raise UnreadableFile(f"{applied.adapter.path} is damaged: {entry.stem}: {error}") from error
            digest = f"{applied.adapter.path}@{applied.adapter.identity}/{entry.stem}{applied.options}"
            yield name, Patch(adapter, applied.strength * factor, digest, running)


def canonical_order(patches: Iterable[Patch]) -> Iterator[Patch]:
    """Patches whose order does not matter, merged and sorted; then the others as they came."""
    patches = list(patches)
    free = [patch for patch in patches if patch.adapter.linear and not patch.running]
    adapters = {patch.digest: patch.adapter for patch in free}
    sums: dict[str, Decimal] = {}
    for patch in free:
        sums[patch.digest] = sums.get(patch.digest, Decimal(0)) + Decimal(repr(patch.strength))
    for digest, strength in sorted(sums.items()):
        if strength:
            yield Patch(adapters[digest], float(strength), digest)
    yield from (patch for patch in patches if patch.running or not patch.adapter.linear)


def _alphas_of_zero(file: FileRef, found: Match, loaded: LoadedFile) -> Iterator[str]:
    entries = [entry for weights in found.entries.values() for changes in weights.values() for entry in changes]
    zeros = [
        entry for entry in entries if entry.rank and "alpha" in entry.keys and not loaded.tensors[entry.keys["alpha"]]
    ]
    if zeros:
        number = (
            "1 module, which therefore changes" if len(zeros) == 1 else f"{len(zeros)} modules, which therefore change"
        )
        yield f"{file.path}: alpha is 0 in {number} nothing."
