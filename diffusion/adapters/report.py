"""What an adapter file is and what it does to a model, in numbers and in sentences. Knows no torch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from diffusion.adapters.dialects import Targets, component_of
from diffusion.adapters.difference import Difference
from diffusion.adapters.kinds import NOT_APPLIED, kinds_of
from diffusion.adapters.match import Entry, Match, modules_of, title_of
from diffusion.adapters.origin import family_of, family_of_model, trained_as, trainer_of, trigger_words
from diffusion.errors import UnknownFamily
from diffusion.families.detection import detect, looks_like
from diffusion.files.header import Header
from diffusion.handle import Component

COMPONENTS: Mapping[Component, str] = {"model": "the model", "text": "the text encoder", "vae": "the VAE"}


DIGITS = 12  # of a hash, as model sites show them
WHOLE = (
    "change all rows of a fused matrix at once (DoRA per input, or turns that reach from one part into the next), and "
    "the model has its parts one by one"
)


@dataclass(frozen=True, slots=True)
class AdapterReport:
    """One adapter file against one model."""

    file: str
    family: str
    """What it was made for, or ""."""
    model_family: str
    """What it was put on, or "" where the model's shapes are of no known family."""
    trainer: str
    kinds: Mapping[str, int]
    """Kind → modules that are applied."""
    ranks: tuple[int, ...]
    changed: Mapping[Component, int]
    """Component → modules of the file that change it."""
    unmatched: tuple[str, ...]
    """Modules that the model does not have."""
    misfits: tuple[str, ...]
    """Modules that the model has in another shape."""
    whole: tuple[str, ...]
    """Modules of a fused matrix whose parts the model has, which cannot be told for these."""
    elsewhere: Mapping[Component, int]
    """Component that it was not put on → modules of the file that would change it."""
    unknown: tuple[str, ...]
    """Keys of no known kind of adapter."""
    alphas: tuple[float, ...]
    """Every alpha that the file or a configuration beside it gives."""
    trigger_words: tuple[str, ...]
    hash: str
    """Of the tensors, as its trainer recorded it, else as it was found by who read the file, or ""."""
    embeddings: tuple[str, ...]
    notes: tuple[str, ...] = ()
    """What else its user should know."""
    instead: str = ""
    """What the file is, where that is known and it is no adapter."""

    @property
    def matched(self) -> int:
        return sum(self.changed.values())

    @property
    def total(self) -> int:
        """Modules of known kinds in the file."""
        return self.matched + len(self.unmatched) + len(self.misfits) + len(self.whole)

    @property
    def refusal(self) -> str:
        """Why it must not be put on this model, or ""."""
        if self.instead:
            return f"{self.file} is {self.instead}, not an adapter."
        if self.family and self.model_family and self.family != self.model_family:
            return (
                f"{self.file} was made for {self.family}, and this model is {self.model_family}. "
                f"Use an adapter made for {self.model_family}."
            )
        if self.matched:
            return ""
        if not self.total and self.elsewhere:
            parts = " and ".join(COMPONENTS[part] for part in self.elsewhere)
            return f"{self.file} changes {parts} alone, which it was not put on."
        if not self.total:
            named = " ".join(_known_but_not_applied(self.file, self.unknown))
            return named or f"{self.file} is no adapter of a kind known here: {_some(self.unknown, 'key', 'keys')}."
        made_for = f"It was made for {self.family}." if self.family else "What it was made for cannot be told."
        why = (
            f"of its {self.total} modules the model has {len(self.misfits)} in another shape"
            if self.misfits
            else f"the model has none of its {self.total} modules"
        )
        if self.whole:
            why = f"{len(self.whole)} of its {self.total} modules {WHOLE}"
        example = (self.whole or self.misfits or self.unmatched)[0]
        return f"{self.file} changes nothing of this model: {why}, for example {example}. {made_for}"

    def summary(self) -> str:
        """What is applied, and by which words it is called."""
        kinds = " and ".join(self.kinds) or "Nothing"
        rank = f" of rank {_span(self.ranks)}" if self.ranks else ""
        alpha = f"{' and' if rank else ' of'} alpha {_span(self.alphas)}" if self.alphas else ""
        made = f" made for {self.family}" if self.family else ""
        trainer = f" with {self.trainer}" if self.trainer else ""
        changes = " and ".join(
            f"{number} {'module' if number == 1 else 'modules'} of {title}"
            for part, title in COMPONENTS.items()
            if (number := self.changed.get(part))
        )
        words = f" Trigger words: {', '.join(self.trigger_words)}." if self.trigger_words else ""
        brought = f" It brings the embeddings {_listed(self.embeddings)}." if self.embeddings else ""
        known = f" Hash {self.hash[:DIGITS]}." if self.hash else ""
        what = f"{kinds}{rank}{alpha}{made}{trainer}, changes {changes or 'nothing'}"
        return f"{self.file}: {what}.{words}{brought}{known}"

    def warnings(self) -> tuple[str, ...]:
        """What is not applied, and what may surprise: one sentence each."""
        found = []
        for names, what in (
            (self.unmatched, "are not in this model"),
            (self.misfits, "have another shape in this model"),
            (self.whole, f"are not applied, for they {WHOLE}"),
        ):
            if names:
                found.append(f"{self.file}: {len(names)} of its {self.total} modules {what}: {_listed(names)}.")
        if self.unknown:
            found.append(f"{self.file}: not understood and left out: {_some(self.unknown, 'key', 'keys')}.")
        return (*found, *self.notes)

    def sentences(self) -> tuple[str, ...]:
        """The summary, then the warnings."""
        return (self.summary(), *self.warnings())


def describe(file: str, header: Header, alphas: Iterable[float] = ()) -> AdapterReport:
    """What a file says of itself, whatever model it may be put on."""
    modules, unknown, embeddings = modules_of(header)
    known = [module for module in modules if module.known]
    kinds = [(next(kinds_of(module.keys), Difference), module) for module in known]
    ranks = {kind.rank(module.shapes) for kind, module in kinds}
    unknown += [key for module in modules if not module.known for key in module.keys.values()]
    return AdapterReport(
        file=file,
        family=family_of(modules, header.metadata),
        model_family="",
        trainer=trainer_of(header.metadata, {}),
        kinds=_named(Counter(title_of(kind, module.keys) for kind, module in kinds), header),
        ranks=tuple(sorted(rank for rank in ranks if rank is not None)),
        changed=dict(Counter(component_of(module.stem) for module in known)),
        unmatched=(),
        misfits=(),
        whole=(),
        elsewhere={},
        unknown=tuple(sorted(unknown)),
        alphas=tuple(sorted(set(alphas))),
        trigger_words=trigger_words(header.metadata),
        hash=header.metadata.get("sshs_model_hash", ""),
        embeddings=embeddings,
        notes=tuple(_known_but_not_applied(file, unknown)),
        instead="" if known else _instead(header),
    )


def report(
    file: str, header: Header, found: Match, targets: Mapping[Component, Targets], alphas: Iterable[float] = ()
) -> AdapterReport:
    """Put a match into words."""
    modules = (*found.matched, *found.unmatched, *found.misfits, *found.whole, *found.elsewhere)
    entries = [entry for weights in found.entries.values() for changes in weights.values() for entry in changes]
    by_stem: dict[str, Entry] = {}
    for entry in entries:
        if entry.stem not in by_stem or entry.rank is not None:
            by_stem[entry.stem] = entry
    changed: Counter[Component] = Counter(entry.place.component for entry in by_stem.values())
    return AdapterReport(
        file=file,
        family=family_of(modules, header.metadata),
        model_family=family_of_model(targets.get("model", {})),
        trainer=trainer_of(header.metadata, found.dialects),
        kinds=_named(Counter(entry.title for entry in by_stem.values()), header),
        ranks=tuple(sorted({entry.rank for entry in entries if entry.rank is not None})),
        changed=dict(changed),
        unmatched=tuple(module.stem for module in found.unmatched),
        misfits=tuple(module.stem for module in found.misfits),
        whole=tuple(module.stem for module in found.whole),
        elsewhere=dict(Counter(component_of(module.stem) for module in found.elsewhere)),
        unknown=found.unknown,
        alphas=tuple(sorted(set(alphas))),
        trigger_words=trigger_words(header.metadata),
        hash=header.metadata.get("sshs_model_hash", ""),
        embeddings=found.embeddings,
        notes=(*_known_but_not_applied(file, found.unknown), *_notes(file, header, found, entries)),
        instead="" if any(module.known for module in modules) else _instead(header),
    )


def _instead(header: Header) -> str:
    """What a file is that is no adapter, as far as its names tell."""
    try:
        return f"a whole checkpoint of {detect(header).title} — use CheckpointLoader"
    except UnknownFamily:
        likeness = looks_like(header) or ""
    return "" if likeness.startswith("a LoRA") else likeness


def _named(titles: Counter[str], header: Header) -> dict[str, int]:
    """Kinds as their trainers call them, the most frequent one first."""
    trained = trained_as(header.metadata)
    return {trained if trained and title == "LoRA" else title: number for title, number in titles.most_common()}


def _known_but_not_applied(file: str, unknown: Iterable[str]) -> list[str]:
    names = dict.fromkeys(NOT_APPLIED[part] for key in unknown for part in key.split(".") if part in NOT_APPLIED)
    return [f"{file} holds {' and '.join(names)}, which cannot be applied here."] if names else []


def _notes(file: str, header: Header, found: Match, entries: Sequence[Entry]) -> list[str]:
    notes = []
    alpha, rank = header.metadata.get("ss_network_alpha"), header.metadata.get("ss_network_dim")
    scaled = [entry for entry in entries if entry.rank is not None]
    bare = [entry for entry in scaled if not {"alpha", "scale"} & entry.keys.keys() and entry.scale is None]
    if bare and alpha and rank and alpha != rank:
        notes.append(
            f"{file}: {len(bare)} modules store no alpha and are applied at full scale, though it was trained with "
            f"alpha {alpha} for rank {rank}. If it is too strong, lower its strength."
        )
    return notes


def _some(names: Sequence[str], one: str, many: str) -> str:
    return f"{len(names)} {one if len(names) == 1 else many} ({_listed(names)})" if names else f"no {many}"


def _listed(names: Sequence[str], limit: int = 4) -> str:
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more


def _span(numbers: Sequence[float]) -> str:
    return f"{numbers[0]:g}" if len(numbers) == 1 else f"{numbers[0]:g} to {numbers[-1]:g}"
