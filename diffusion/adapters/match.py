"""Which tensors of an adapter file change which weight of a model. From headers and names alone: no tensor is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import prod, sqrt

from diffusion.adapters.adapter import Kind, Options, Shape
from diffusion.adapters.alphas import Configs, config_for
from diffusion.adapters.dialects import BIAS, WEIGHT, Place, Rows, Spelling, Targets, component_of, spellings
from diffusion.adapters.difference import Difference
from diffusion.adapters.dora import MAGNITUDES, axis_of, magnitude_fits
from diffusion.adapters.glora import GLoRA
from diffusion.adapters.ia3 import PeftIA3
from diffusion.adapters.kinds import kinds_of, roles_of
from diffusion.adapters.lora import LoRA
from diffusion.adapters.origin import was_rank_stabilised, was_split
from diffusion.adapters.suffixes import NUMBERED, split_key, split_number
from diffusion.files.header import Header
from diffusion.handle import Component

BUNDLED = "bundle_emb."
BIASES = frozenset({"diff_b", "up_bias"})
SINGLE = frozenset({"alpha", "scale"})
INPUT_LAYERS = ("conv_in", "img_in", "x_embedder")
INPUT_CHANNELS = (4, 16, 64)  # of latents, before an inpainting or control model widened its input


@dataclass(frozen=True, slots=True)
class Module:
    """The tensors a file holds for one module: role → key, and role → shape."""

    stem: str
    keys: Mapping[str, str]
    shapes: Mapping[str, Shape]
    parts: tuple[tuple[str, Shape], ...] = ()
    """Key and shape of what it holds for each part of a fused matrix; the first one's are also among the others."""

    @property
    def known(self) -> bool:
        """Whether some kind of adapter is made of tensors in these roles."""
        return next(kinds_of(self.keys), None) is not None or not BIASES.isdisjoint(self.keys)

    def is_sound(self, role: str) -> bool:
        """Whether what should be one number is one number."""
        return role not in SINGLE or prod(self.shapes[role]) == 1

    def with_tensors_of(self, other: Module) -> Module:
        return Module(
            self.stem, {**self.keys, **other.keys}, {**self.shapes, **other.shapes}, self.parts or other.parts
        )

    def of_part(self, number: int) -> Module:
        """What it holds for one part of a fused matrix."""
        key, shape = self.parts[number]
        return Module(self.stem, {**self.keys, NUMBERED: key}, {**self.shapes, NUMBERED: shape})


@dataclass(frozen=True, slots=True)
class Entry:
    """One change to one weight, ready to be built."""

    stem: str
    kind: type[Kind]
    keys: Mapping[str, str]
    """role → key of the tensors it is built of."""
    place: Place
    shape: Shape
    """Of the weight it was trained on."""
    rank: int | None = None
    divisor: float | None = None
    """Of a stored alpha, where its trainer divided by something else than this rank."""
    scale: float | None = None
    """What a configuration says in place of alpha / rank."""
    options: Options = field(default_factory=dict)
    """What else the configuration says."""

    @property
    def title(self) -> str:
        """What a user knows the kind as."""
        return title_of(self.kind, self.keys)


def title_of(kind: type[Kind], roles: Collection[str]) -> str:
    """What a user knows a kind as, with what wraps it."""
    return kind.title if MAGNITUDES.isdisjoint(roles) else f"{kind.title} with DoRA"


@dataclass(frozen=True, slots=True)
class Trained:
    """What a file's metadata says of its training that changes what its alphas mean."""

    split: bool
    rank_stabilised: bool


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
    whole: tuple[Module, ...]
    """Modules for a fused matrix whose change of some rows cannot be told without the others."""
    elsewhere: tuple[Module, ...]
    """Modules of a component that the file was not put on."""
    unknown: tuple[str, ...]
    """Keys of no kind of adapter known here."""
    dialects: Mapping[str, int]
    embeddings: tuple[str, ...]
    """Names of textual inversions bundled in the file."""


def modules_of(header: Header) -> tuple[list[Module], list[str], tuple[str, ...]]:
    """A file's modules, its keys that are not a module's, and the names of its bundled embeddings."""
    keys: dict[str, dict[str, str]] = {}
    numbered: dict[str, dict[int, str]] = {}
    other: list[str] = []
    embeddings: dict[str, None] = {}
    for key in header.tensors:
        whole, number = split_number(key)
        if key.startswith(BUNDLED):
            embeddings[key.removeprefix(BUNDLED).split(".")[0]] = None
        elif (split := split_key(whole)) is None or (number is None and split[1] in keys.setdefault(split[0], {})):
            other.append(key)
        elif number is not None:
            numbered.setdefault(split[0], {})[number] = key
        else:
            keys[split[0]][split[1]] = key
    for stem, parts in numbered.items():
        if NUMBERED in keys.setdefault(stem, {}) or sorted(parts) != list(range(len(parts))):
            other += parts.values()
        else:
            keys[stem][NUMBERED] = parts[0]
    modules = [
        Module(
            stem,
            roles,
            {role: header.shape(key) for role, key in roles.items()},
            tuple((key, header.shape(key)) for _, key in sorted(numbered.get(stem, {}).items())),
        )
        for stem, roles in keys.items()
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
    sorted_out: dict[str, list[Module]] = {"matched": [], "unmatched": [], "misfits": [], "whole": [], "elsewhere": []}
    trained = Trained(was_split(header.metadata), was_rank_stabilised(header.metadata))
    dialects: Counter[str] = Counter()
    for module, spelling in _joined(modules, index.spellings):
        if not module.known:
            unknown += module.keys.values()
        elif spelling is None:
            asked_for = component_of(module.stem) in targets
            sorted_out["unmatched" if asked_for else "elsewhere"].append(module)
        elif (changes := _changes(module, spelling, targets, configs or {}, trained)) is None:
            sorted_out["whole"].append(module)
        elif not changes:
            sorted_out["misfits"].append(module)
        else:
            sorted_out["matched"].append(module)
            dialects[spelling.dialect] += 1
            for name, entry in changes:
                weights = entries[entry.place.component]
                weights[name] = (*weights.get(name, ()), entry)
            used = {key for _, entry in changes for key in entry.keys.values()}
            unknown += [key for key, _ in module.parts[1:] if key not in used]
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
    module: Module, spelling: Spelling, targets: Mapping[Component, Targets], configs: Configs, trained: Trained
) -> list[tuple[str, Entry]] | None:
    """What a module's tensors change, all of its places or none: half a fused matrix would be a third picture.

    None where it fits, and needs all rows of a fused matrix at once.
    """
    found: list[tuple[str, Entry]] = []
    if len(module.parts) not in (0, len(spelling.places)):
        return found
    for number, place in enumerate(spelling.places):
        weights = targets[place.component]
        weight, bias = place.module + WEIGHT, place.module + BIAS
        if module.parts:
            place = replace(place, part=None)
            entry = _weight_entry(module.of_part(number), place, weights[weight].shape, configs)
        else:
            entry = _weight_entry(module, place, weights[weight].shape, configs)
        if entry is not None:
            if place.part is not None and not _can_be_split(entry, module.shapes, place.part):
                return None
            entry = replace(entry, divisor=_divisor(entry, len(spelling.places), trained))
            found.append((weight, entry))
        elif next(kinds_of(module.keys), None) is not None:
            return []
        if bias in weights:
            found += [(bias, entry) for entry in _bias_entries(module, place, weights[bias].shape, entry)]
    return found


def _weight_entry(module: Module, place: Place, weight: Shape, configs: Configs) -> Entry | None:
    for kind in kinds_of(module.keys):
        for shape in _trained_shapes(place, weight):
            if kind.fits(module.shapes, shape) and magnitude_fits(module.shapes, shape):
                roles = roles_of(kind) | MAGNITUDES
                keys = {role: key for role, key in module.keys.items() if role in roles and module.is_sound(role)}
                config = config_for(configs, module.stem)
                rank = kind.rank(module.shapes)
                scale = config.scale(module.stem, rank) if config and kind.scaled else None
                options = {**config.options, "stem": module.stem} if config else {}
                return Entry(module.stem, kind, keys, place, shape, rank, scale=scale, options=options)
    return None


def _divisor(entry: Entry, parts: int, trained: Trained) -> float | None:
    if entry.rank is None:
        return None
    if entry.kind is LoRA and trained.split and parts > 1 and entry.place.part is not None:
        return entry.rank / parts
    if entry.kind is GLoRA and trained.rank_stabilised:  # others' alpha is stored as what the plain rule needs
        return sqrt(entry.rank)
    return None


def _bias_entries(module: Module, place: Place, bias: Shape, beside: Entry | None) -> Iterator[Entry]:
    """Changes to the bias: plain ones, PEFT's at its LoRA's scale, and an output's IA³ factor."""
    shape = place.seen(bias)
    for role in sorted(BIASES & module.keys.keys()):
        if module.shapes[role] != shape:
            continue
        keys = {"diff": module.keys[role]}
        if role == "diff_b" or beside is None:
            yield Entry(module.stem, Difference, keys, place, shape)
        else:
            keys |= {role: key for role, key in beside.keys.items() if role in ("alpha", "scale")}
            yield Entry(module.stem, Difference, keys, place, shape, beside.rank, beside.divisor, beside.scale)
    if beside is not None and beside.kind is PeftIA3 and PeftIA3.fits(module.shapes, shape):
        yield Entry(module.stem, PeftIA3, beside.keys, place, shape, options=beside.options)


def _trained_shapes(place: Place, weight: Shape) -> Iterator[Shape]:
    """The shape an adapter was trained on: the weight's, or an input layer's before it was widened."""
    shape = place.seen(weight)
    yield shape
    if place.module.rpartition(".")[2] in INPUT_LAYERS and len(shape) > 1:
        yield from ((shape[0], channels, *shape[2:]) for channels in INPUT_CHANNELS if channels < shape[1])


def _can_be_split(entry: Entry, shapes: Mapping[str, Shape], part: Rows) -> bool:
    """Whether the change of some rows can be told without the others."""
    group = entry.kind.row_group(shapes)
    return part.start % group == part.stop % group == 0 and all(
        axis_of(role, shapes[role], entry.shape) == 0 for role in MAGNITUDES & shapes.keys()
    )
