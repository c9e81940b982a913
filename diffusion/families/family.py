"""What a model family is: how to know its files, and how each component's weights are named and built.

Weights have three names. The *canonical* one is the one trainers of adapters use (diffusers' for networks and
autoencoders, Hugging Face's for text encoders). The *file name* is the published single-file layout's. The *parameter
name* is that of the module we build, which may change with a library's version.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from diffusion.errors import UnreadableFile
from diffusion.files.header import Header
from diffusion.handle import Component, ModelSampling
from diffusion.latent import LatentSpace

if TYPE_CHECKING:
    from torch import nn

FLOATING = ("F", "BF")
MOST_DIGITS = 9
Config = TypeVar("Config")
Table = dict[str, str]
"""Canonical name → name in the file."""


def _unchanged(name: str) -> str:
    return name


@dataclass(frozen=True, slots=True)
class Target:
    """A weight that adapters may change: its canonical name, its shape, and its name in the file."""

    name: str
    shape: tuple[int, ...]
    file_name: str


@dataclass(frozen=True, slots=True)
class Part(Generic[Config]):
    """One component of a family."""

    title: str
    missing: str
    """What to do about a file without this component."""
    infer: Callable[[Header], Config | None]
    """Read the configuration off names and shapes; None where the file has no such component."""
    table: Callable[[Header, Config], Table]
    build: Callable[[Config], nn.Module]
    """Make the module; its weights are allocated on whatever device is the default one."""
    parameter_name: Callable[[str], str] = _unchanged


@dataclass(frozen=True, slots=True)
class Family:
    """A kind of model that runs here."""

    id: str
    title: str
    recognizes: Callable[[Header], bool]
    """Whether a checkpoint is of this family, from names and shapes alone."""
    space: Callable[[Header], LatentSpace]
    """What the latents of a checkpoint mean."""
    sampling: Callable[[Header], ModelSampling]
    """How a checkpoint's network is read, where its metadata says so."""
    parts: Mapping[Component, Part[Any]]

    def config(self, component: Component, header: Header) -> Any:
        """The configuration of a component of a file. Raises UnreadableFile where the file has none."""
        part = self.parts[component]
        config = part.infer(header)
        if config is None:
            raise UnreadableFile(f"{header.name} has no {part.title}. {part.missing}")
        return config

    def targets(self, component: Component, header: Header) -> Mapping[str, Target]:
        """Every weight of a component by canonical name. Raises UnreadableFile where the file lacks some."""
        part = self.parts[component]
        table = part.table(header, self.config(component, header))
        missing = [file_name for file_name in table.values() if file_name not in header.tensors]
        if missing:
            raise UnreadableFile(
                f"{header.name} is incomplete: {len(missing)} of {len(table)} weights of its {part.title} are missing, "
                f"for example {missing[0]}."
            )
        for file_name in table.values():
            _refuse_quantised(header, file_name)
        return {key: Target(key, header.shape(file_name), file_name) for key, file_name in table.items()}


def _refuse_quantised(header: Header, file_name: str) -> None:
    """Raise UnreadableFile where a weight's numbers mean nothing without factors that are kept beside them."""
    dtype = header.tensors[file_name].dtype
    if not dtype.startswith(FLOATING):
        raise UnreadableFile(
            f"{header.name} is quantised, which this version cannot read: {file_name} is stored as {dtype}. "
            "Use the model in fp16, bf16 or fp32."
        )


def count_numbered(names: Iterable[str], pattern: str) -> int:
    """One more than the highest number that ``pattern``'s group takes at the start of a name; 0 where none fits."""
    fits = re.compile(pattern)
    return 1 + max((int(found[1]) for name in names if (found := fits.match(name))), default=-1)


def with_bias(pairs: Mapping[str, str]) -> Table:
    """Module names → names of their weight and bias."""
    return {f"{name}.{role}": f"{file}.{role}" for name, file in pairs.items() for role in ("weight", "bias")}


def setting(header: Header, key: str, default: int) -> int:
    """A whole number from the file's own metadata. Raises UnreadableFile where it is none."""
    text = header.metadata.get(f"patchbay.{key}", str(default))
    if not text.isdecimal() or len(text) > MOST_DIGITS or int(text) == 0:
        raise UnreadableFile(
            f"{header.name}: its metadata says patchbay.{key} = {text!r}, which should be a positive number."
        )
    return int(text)


def divisor(header: Header, key: str, default: int, widths: Iterable[int]) -> int:
    """As `setting`, of a number of equal parts that layers of these widths are cut into."""
    count = setting(header, key, default)
    for width in widths:
        if width % count:
            raise UnreadableFile(
                f"{header.name}: a layer {width} wide cannot be cut into {count} parts. How many there are is "
                f"patchbay.{key} in the file's metadata, and {default} where that does not say."
            )
    return count
