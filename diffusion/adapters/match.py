"""Which tensors of an adapter file change which weight of a model. From headers and names alone: no tensor is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from diffusion.adapters.adapter import Kind, Shape, count
from diffusion.adapters.alphas import Configs, config_for
from diffusion.adapters.dialects import BIAS, WEIGHT, Place, Spelling, Targets, spellings
from diffusion.adapters.difference import Difference
from diffusion.adapters.kinds import kinds_of
from diffusion.adapters.suffixes import split_key
from diffusion.files.header import Header
from diffusion.handle import Component

BUNDLED = "bundle_emb."
MAGNITUDES = frozenset({"dora_scale", "magnitude"})
BIASES = {"diff_b": False, "up_bias": True}  # role → whether the LoRA's scale applies
INPUT_LAYERS = ("conv_in", "img_in", "x_embedder")
INPUT_CHANNELS = (4, 16, 64)  # of latents, before an inpainting or control model widened its input


@dataclass(frozen=True, slots=True)
class Module:
    """The tensors a file holds for one module: role → key, and role → shape."""

    stem: str
    keys: Mapping[str, str]
    shapes: Mapping[str, Shape]

    @property
    def known(self) -> bool:
        """Whether some kind of adapter is made of tensors in these roles."""
        return next(kinds_of(self.keys), None) is not None or not BIASES.keys().isdisjoint(self.keys)

    def with_tensors_of(self, other: Module) -> Module:
        return Module(self.stem, {**self.keys, **other.keys}, {**self.shapes, **other.shapes})


@dataclass(frozen=True, slots=True)
class Entry:
    """One change to one weight, ready to be built."""

    stem: str
    kind: type[Kind]
    keys: Mapping[str, str]
    """role → key of the tensors it is built of."""
    place: Place
    rank: int | None = None
    scale: float | None = None
    """What a PEFT configuration says in place of alpha / rank."""
    columns: int | None = None
    """The input channels it was trained with, where the model's input layer is wider."""

    @property
    def title(self) -> str:
        """What a user knows the kind as."""
        return f"{self.kind.title} with DoRA" if MAGNITUDES & self.keys.keys() else self.kind.title


@dataclass(frozen=True, slots=True)
class Match:
    """What an adapter file does to a model, and what of it finds no place there."""

    entries: Mapping[Component, Mapping[str, tuple[Entry, ...]]]
    """Component → canonical name of a weight or bias → the changes to it."""
    matched: tuple[Module, ...]
    unmatched: tuple[Module, ...]
    """Modules of a known kind that the model does not have."""
    misfits: tuple[Module, ...]
    """Modules that the model has in another shape."""
    unknown: tuple[str, ...]
    """Keys of no kind of adapter known here."""
    dialects: Mapping[str, int]
    embeddings: tuple[str, ...]
    """Names of textual inversions bundled in the file."""


def modules_of(header: Header) -> tuple[list[Module], list[str], tuple[str, ...]]:
    """A file's modules, its keys that are not a module's, and the names of its bundled embeddings."""
    keys: dict[str, dict[str, str]] = {}
    other: list[str] = []
    embeddings: dict[str, None] = {}
    for key in header.tensors:
        if key.startswith(BUNDLED):
            embeddings[key.removeprefix(BUNDLED).split(".")[0]] = None
        elif split := split_key(key):
            keys.setdefault(split[0], {})[split[1]] = key
        else:
            other.append(key)
    modules = [
        Module(stem, roles, {role: header.shape(key) for role, key in roles.items()}) for stem, roles in keys.items()
    ]
    return modules, other, tuple(embeddings)


@dataclass(frozen=True, slots=True)
class Index:
    """A model's weights, and every way to spell them. Made once for all adapters that are put on a model."""

    targets: Mapping[Component, Targets]
    spellings: Mapping[str, Spelling]

    @classmethod
    def of(cls, targets: Mapping[Component, Targets]) -> Index:
        return cls(targets, spellings(targets))


def match(header: Header, index: Index, configs: Configs | None = None) -> Match:
    """Find the weight behind every module of an adapter file."""
    targets = index.targets
    modules, unknown, embeddings = modules_of(header)
    entries: dict[Component, dict[str, tuple[Entry, ...]]] = {component: {} for component in targets}
    sorted_out: dict[str, list[Module]] = {"matched": [], "unmatched": [], "misfits": []}
    dialects: Counter[str] = Counter()
    for module, spelling in _joined(modules, index.spellings):
        if not module.known:
            unknown += module.keys.values()
        elif spelling is None:
            sorted_out["unmatched"].append(module)
        elif not (changes := _changes(module, spelling, targets, configs or {})):
            sorted_out["misfits"].append(module)
        else:
            sorted_out["matched"].append(module)
            dialects[spelling.dialect] += 1
            for name, entry in changes:
                weights = entries[entry.place.component]
                weights[name] = (*weights.get(name, ()), entry)
            used = {key for _, entry in changes for key in entry.keys.values()}
            unknown += [key for key in module.keys.values() if key not in used]
    return Match(
        entries,
        **{name: tuple(modules) for name, modules in sorted_out.items()},
        unknown=tuple(sorted(unknown)),
        dialects=dialects,
        embeddings=embeddings,
    )


def _joined(modules: list[Module], index: Mapping[str, Spelling]) -> Iterator[tuple[Module, Spelling | None]]:
    """Modules with what they stand for; a module whose tensors are spelled in two ways becomes one again."""
    placed: dict[tuple[Place, ...], tuple[Module, Spelling]] = {}
    for module in modules:
        spelling = index.get(module.stem)
        if spelling is None:
            yield module, None
            continue
        first = placed.get(spelling.places)
        if first is None:
            placed[spelling.places] = module, spelling
        elif first[0].keys.keys().isdisjoint(module.keys):
            placed[spelling.places] = first[0].with_tensors_of(module), first[1]
        else:
            yield module, spelling
    yield from placed.values()


def _changes(
    module: Module, spelling: Spelling, targets: Mapping[Component, Targets], configs: Configs
) -> list[tuple[str, Entry]]:
    """What a module's tensors change, all of its places or none: half a fused matrix would be a third picture."""
    found: list[tuple[str, Entry]] = []
    for place in spelling.places:
        weights = targets[place.component]
        weight, bias = place.module + WEIGHT, place.module + BIAS
        entry = _weight_entry(module, place, weights[weight].shape, configs)
        if entry is not None:
            found.append((weight, entry))
        elif next(kinds_of(module.keys), None) is not None:
            return []
        if bias in weights:
            found += [(bias, entry) for entry in _bias_entries(module, place, weights[bias].shape, entry)]
    return found


def _weight_entry(module: Module, place: Place, weight: Shape, configs: Configs) -> Entry | None:
    shape = place.seen(weight)
    for kind in kinds_of(module.keys):
        for columns in (None, *_narrower(place, shape)):
            seen = shape if columns is None else (shape[0], columns, *shape[2:])
            if kind.fits(module.shapes, seen) and _magnitude_fits(module.shapes, seen):
                keys = {role: key for role, key in module.keys.items() if role in kind.needs | kind.takes | MAGNITUDES}
                rank = kind.rank(module.shapes)
                scale = _configured_scale(configs, module, rank) if kind.scaled else None
                return Entry(module.stem, kind, keys, place, rank, scale, columns)
    return None


def _bias_entries(module: Module, place: Place, bias: Shape, beside: Entry | None) -> Iterator[Entry]:
    for role, scaled in BIASES.items():
        if role in module.keys and module.shapes[role] == place.seen(bias):
            keys = {"diff": module.keys[role]}
            if not scaled or beside is None:
                yield Entry(module.stem, Difference, keys, place)
                continue
            keys |= {role: module.keys[role] for role in ("alpha", "scale") if role in module.keys}
            yield Entry(module.stem, Difference, keys, place, beside.rank, beside.scale)


def _configured_scale(configs: Configs, module: Module, rank: int | None) -> float | None:
    if "alpha" in module.keys or "scale" in module.keys:
        return None  # what is stored with the tensors speaks for them
    found = config_for(configs, module.stem)
    return found[0].scale(found[1], rank) if found else None


def _narrower(place: Place, shape: Shape) -> Iterator[int]:
    """Input channels that an adapter for a widened input layer may have been trained with."""
    if place.module.rpartition(".")[2] in INPUT_LAYERS and len(shape) > 1:
        yield from (channels for channels in INPUT_CHANNELS if channels < shape[1])


def _magnitude_fits(shapes: Mapping[str, Shape], weight: Shape) -> bool:
    lengths = {count(shapes[role]) for role in MAGNITUDES & shapes.keys()}
    return lengths <= set(weight[:2])
