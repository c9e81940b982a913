"""Where alpha hides: in ``.alpha`` tensors, or in PEFT's configuration, in metadata or in a file beside it."""

from __future__ import annotations

import json
import math
import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from diffusion.adapters.adapter import Options
from diffusion.errors import UnreadableFile
from diffusion.files.header import PICKLES, Header

DIFFUSERS_KEY = "lora_adapter_metadata"
COMPONENT_PREFIXES = ("unet.", "transformer.", "text_encoder.", "text_encoder_2.", "text_encoder_3.")
PEFT_PREFIX = "base_model.model."
NUMBERS = {"F16": "e", "BF16": "e", "F32": "f", "F64": "d", "I32": "i", "I64": "q"}
"""Number formats of single numbers, as `struct` calls them."""


@dataclass(frozen=True, slots=True)
class PeftConfig:
    """An ``adapter_config.json``, or what diffusers keeps of one."""

    prefix: str
    """What the modules it speaks of start with in the file."""
    options: Options
    where: str
    """What it was read from, as an error names it."""

    def scale(self, stem: str, stored_rank: int | None) -> float | None:
        """alpha / r, or alpha / √r for rank-stabilised LoRA (arXiv:2312.03732); None where nothing is said.

        Raises UnreadableFile.
        """
        module = stem.removeprefix(self.prefix).removeprefix(PEFT_PREFIX)
        alpha = self._of(module, "alpha_pattern", self.options.get("lora_alpha", self.options.get("alpha")))
        rank = self._of(module, "rank_pattern", self.options.get("r")) or stored_rank
        if alpha is None or not rank:
            return None
        if not isinstance(alpha, (int, float)) or not isinstance(rank, (int, float)):
            raise UnreadableFile(f"{self.where} should give alpha and rank as numbers, not {alpha!r} and {rank!r}.")
        return alpha / (math.sqrt(rank) if self.options.get("use_rslora") else rank)

    def patterns(self, name: str) -> Iterator[Any]:
        """The values that stand for some modules alone."""
        yield from (self.options.get(name) or {}).values()

    def _of(self, module: str, pattern: str, default: Any) -> Any:
        """PEFT's rule: the first pattern that matches the end of the module's name, at a dot or from its start."""
        patterns = self.options.get(pattern) or {}
        return next((value for key, value in patterns.items() if _matches(key, module)), default)


Configs = Mapping[str, PeftConfig]
"""Prefix of the modules in the file → their configuration."""


def configs_of(metadata: Mapping[str, str], path: Path, name: str) -> Configs:
    """What diffusers' metadata, and the ``adapter_config.json`` beside a file that PEFT wrote, say.

    Raises UnreadableFile for what is not JSON: a wrong strength would be applied in silence.
    """
    found: dict[str, PeftConfig] = {}
    beside = path.with_name("adapter_config.json")
    if path.stem.startswith("adapter_model") and beside.is_file():
        where = f"The adapter_config.json beside {name}"
        found[""] = PeftConfig("", _parse(beside.read_text(encoding="utf-8"), where), where)
    if DIFFUSERS_KEY in metadata:
        where = f"The metadata of {name}"
        flat = _parse(metadata[DIFFUSERS_KEY], where)
        for prefix in COMPONENT_PREFIXES:
            part = {key.removeprefix(prefix): value for key, value in flat.items() if key.startswith(prefix)}
            if part:
                found[prefix] = PeftConfig(prefix, part, where)
    return found


def config_for(configs: Configs, stem: str) -> PeftConfig | None:
    """The configuration that speaks of a module as the file spells it."""
    return next((configs[prefix] for prefix in sorted(configs, key=len, reverse=True) if stem.startswith(prefix)), None)


def alphas_of(path: Path, header: Header, configs: Configs) -> Iterator[float]:
    """Every alpha that is given for a module, read without torch. Pickled files' own are not looked for."""
    for config in configs.values():
        given = (config.options.get("lora_alpha", config.options.get("alpha")), *config.patterns("alpha_pattern"))
        yield from (float(alpha) for alpha in given if isinstance(alpha, (int, float)))
    if path.suffix.lower() in PICKLES:
        return
    with path.open("rb") as file:
        for key, entry in header.tensors.items():
            if key.endswith(".alpha") and entry.dtype in NUMBERS and math.prod(entry.shape) == 1:
                file.seek(entry.start)
                yield _number(entry.dtype, file.read(entry.end - entry.start))


def _number(dtype: str, stored: bytes) -> float:
    if dtype == "BF16":  # the upper half of a float32
        dtype, stored = "F32", bytes(2) + stored
    (number,) = struct.unpack(f"<{NUMBERS[dtype]}", stored)
    return float(number)


def _parse(text: str, where: str) -> dict[str, Any]:
    try:
        content = json.loads(text)
    except ValueError as error:
        raise UnreadableFile(f"{where} should be JSON with the adapter's alpha, and is not.") from error
    if not isinstance(content, dict):
        raise UnreadableFile(f"{where} should be a JSON object with the adapter's alpha.")
    return content


def _matches(pattern: str, module: str) -> bool:
    try:
        return re.match(rf"(.*\.)?({pattern})$", module) is not None
    except re.error:  # a plain name that is no regular expression
        return module == pattern or module.endswith(f".{pattern}")
