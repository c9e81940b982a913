"""Adapters by name, as a stack for a model and its text encoder, saying what each does. Nothing is computed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from diffusion.adapters.lora import LoRA
from diffusion.adapters.match import Index
from diffusion.adapters.mentions import Mention
from diffusion.adapters.patches import inspect_against
from diffusion.adapters.report import AdapterReport
from diffusion.adapters.schedule import Keyframe, Scheduled
from diffusion.files.folders import ModelFolders
from diffusion.handle import Applied, Component, ModelHandle, TextHandle

if TYPE_CHECKING:
    from diffusion.residency import Residency

Say = Callable[[str], None]
THIN = frozenset({LoRA.title, "LoRA-FA", "DyLoRA"})
"""Kinds that run as two thin matrices beside a weight."""


class Stack(NamedTuple):
    """What to put on each of the two."""

    model: tuple[Applied, ...]
    text: tuple[Applied, ...]


def stacked(
    residency: Residency,
    folders: ModelFolders,
    mentions: Iterable[Mention],
    handles: Mapping[Component, ModelHandle | TextHandle],
    *,
    note: Say,
    warn: Say,
) -> Stack:
    """Find the files that are mentioned and hold each against the models it is to go on.

    ``note`` hears what it changes, ``warn`` what of it cannot be applied. Raises FileNotInFolder for a name that means
    no file or several, UnreadableFile, and AdapterMismatch for one that changes nothing.
    """
    index = Index.of({component: residency.targets(handle) for component, handle in handles.items()})
    model, text = [], []
    for mention in mentions:
        file, report = inspect_against(folders, mention.name, index)
        _say(report, note, warn)
        for sentence in _without_ranks(report, mention):
            warn(sentence)
        model.append(Applied(file, mention.model, mention.options))
        text.append(Applied(file, mention.text, mention.options))
    return Stack(tuple(model), tuple(text))


def scheduled(
    residency: Residency,
    folders: ModelFolders,
    name: str,
    model: ModelHandle,
    frames: tuple[Keyframe, ...],
    *,
    gliding: bool,
    note: Say,
    warn: Say,
) -> Scheduled:
    """Find the file that a name means, hold it against a model, and say what it costs beside one.

    Raises what `stacked` raises.
    """
    file, report = inspect_against(folders, name, Index.of({"model": residency.targets(model)}))
    _say(report, note, warn)
    whole = [kind for kind in report.kinds if kind not in THIN]
    if whole:
        warn(
            f"{report.file}: {' and '.join(whole)} beside a network takes as much memory and time again as the weights "
            "that it changes. Where its strength is the same for all steps and prompts, put it on with LoraLoader."
        )
    return Scheduled(file, frames, gliding)


def _say(report: AdapterReport, note: Say, warn: Say) -> None:
    note(report.summary())
    for sentence in report.warnings():
        warn(sentence)


def _without_ranks(report: AdapterReport, mention: Mention) -> tuple[str, ...]:
    """That a rank which was asked for does not hold for some of a file's kinds."""
    others = [kind for kind in report.kinds if not kind.startswith((LoRA.title, "DyLoRA"))]
    if "rank" not in dict(mention.options) or not others:
        return ()
    return (f"{report.file}: a rank can be chosen of LoRA alone; {' and '.join(others)} is applied whole.",)
