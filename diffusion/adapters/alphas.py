"""Where alpha hides when a file has no ``.alpha`` tensors: PEFT's configuration, in metadata or in a file beside it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from diffusion.errors import UnreadableFile

DIFFUSERS_KEY = "lora_adapter_metadata"
COMPONENT_PREFIXES = ("unet.", "transformer.", "text_encoder.", "text_encoder_2.", "text_encoder_3.")
PEFT_PREFIX = "base_model.model."


@dataclass(frozen=True, slots=True)
class PeftConfig:
    """The parts of an ``adapter_config.json`` that change numbers."""

    alpha: float | None
    rank: int | None
    alpha_pattern: Mapping[str, float]
    rank_pattern: Mapping[str, int]
    rslora: bool
    kind: str

    def scale(self, module: str, stored_rank: int | None) -> float | None:
        """alpha / r, or alpha / √r for rank-stabilised LoRA (arXiv:2312.03732); None where nothing is said."""
        alpha = _match(self.alpha_pattern, module, self.alpha)
        rank = _match(self.rank_pattern, module, self.rank) or stored_rank
        if alpha is None or not rank:
            return None
        return alpha / (math.sqrt(rank) if self.rslora else rank)


Configs = Mapping[str, PeftConfig]
"""Prefix of the modules in the file → their configuration."""


def stored_configs(metadata: Mapping[str, str], beside: str | None, file: str) -> Configs:
    """What diffusers' metadata and the text of an ``adapter_config.json`` beside the file say.

    Raises UnreadableFile for what is not JSON: a wrong strength would be applied in silence.
    """
    found: dict[str, PeftConfig] = {}
    if beside is not None:
        found[""] = _config(_parse(beside, f"the adapter_config.json beside {file}"))
    if DIFFUSERS_KEY in metadata:
        flat = _parse(metadata[DIFFUSERS_KEY], f"the metadata of {file}")
        for prefix in COMPONENT_PREFIXES:
            part = {key.removeprefix(prefix): value for key, value in flat.items() if key.startswith(prefix)}
            if part:
                found[prefix] = _config(part)
    return found


def config_for(configs: Configs, stem: str) -> tuple[PeftConfig, str] | None:
    """The configuration that speaks of a module as the file spells it, and the module's name within it."""
    for prefix in sorted(configs, key=len, reverse=True):
        if stem.startswith(prefix):
            return configs[prefix], stem.removeprefix(prefix).removeprefix(PEFT_PREFIX)
    return None


def _parse(text: str, where: str) -> dict[str, Any]:
    try:
        content = json.loads(text)
    except ValueError as error:
        raise UnreadableFile(
            f"{where[0].upper()}{where[1:]} should be JSON with the adapter's alpha, and is not."
        ) from error
    if not isinstance(content, dict):
        raise UnreadableFile(f"{where[0].upper()}{where[1:]} should be a JSON object with the adapter's alpha.")
    return content


def _config(content: Mapping[str, Any]) -> PeftConfig:
    alpha = content.get("lora_alpha", content.get("alpha"))
    return PeftConfig(
        alpha=None if alpha is None else float(alpha),
        rank=content.get("r"),
        alpha_pattern=content.get("alpha_pattern") or {},
        rank_pattern=content.get("rank_pattern") or {},
        rslora=bool(content.get("use_rslora")),
        kind=str(content.get("peft_type", "LORA")),
    )


def _match(pattern: Mapping[str, Any], module: str, default: Any) -> Any:
    """PEFT's rule: the first pattern that matches the end of the module's name, at a dot or from its start."""
    return next((value for key, value in pattern.items() if re.match(rf"(.*\.)?({key})$", module)), default)
