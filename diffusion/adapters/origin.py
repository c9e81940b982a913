"""What an adapter file was made for and by whom: from names, shapes and metadata, without reading a tensor."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from math import prod
from typing import TYPE_CHECKING

from diffusion.adapters.adapter import Shape
from diffusion.adapters.dialects import Targets

if TYPE_CHECKING:
    from diffusion.adapters.match import Module

SD1, SD2, SDXL, SD3, FLUX = "Stable Diffusion 1.x", "Stable Diffusion 2.x", "SDXL", "Stable Diffusion 3", "FLUX.1"
CONTEXT = {768: SD1, 1024: SD2, 2048: SDXL}
"""Width of the text that cross attention reads."""
NAMED = (
    # what a base model's name contains → family; the first that fits
    ("flux", FLUX),
    ("sd3", SD3),
    ("stable-diffusion-3", SD3),
    ("sdxl", SDXL),
    ("stable-diffusion-xl", SDXL),
    ("sd_v2", SD2),
    ("stable-diffusion-v2", SD2),
    ("sd_v1", SD1),
    ("stable-diffusion-v1", SD1),
)
SIGNS = (
    # what only one family's names contain; SD 3 also has the second text encoder that SDXL brought
    (re.compile(r"(double|single)_blocks[._]|single_transformer_blocks[._]"), FLUX),
    (re.compile(r"joint_blocks[._]|^(transformer\.)?transformer_blocks\.\d+\.attn\.add_"), SD3),
    (re.compile(r"^(lora_te2_text_model|text_encoder_2\.text_model)"), SDXL),
)
CROSS_ATTENTION = re.compile(r"attn2[._](?:processor\.)?to_[kv](?:_lora)?$")


def family_of(modules: Iterable[Module], metadata: Mapping[str, str]) -> str:
    """The family an adapter was made for, or "": names and shapes first, since metadata is copied from file to file."""
    modules = tuple(modules)
    return _by_names(module.stem for module in modules) or _by_context(modules) or _by_metadata(metadata)


def family_of_model(targets: Targets) -> str:
    """The family of a model by the same rules, or "" where its shapes are nobody's."""
    by_names = _by_names(targets)
    shapes = (target.shape for name, target in targets.items() if name.endswith("attn2.to_k.weight"))
    return by_names or CONTEXT.get(next(shapes, (0, 0))[1], "")


def trainer_of(metadata: Mapping[str, str], dialects: Mapping[str, int]) -> str:
    """The program that wrote a file: as it says itself, else whose manner of naming weights it follows."""
    software = _json_object(metadata.get("software", "")).get("name")
    if software:
        return str(software)
    network = metadata.get("ss_network_module", "")
    if network.startswith("lycoris"):
        return "LyCORIS"
    if any(key.startswith("ot_") for key in metadata):
        return "OneTrainer"
    if network:
        return "kohya"
    return max(dialects, key=lambda dialect: dialects[dialect], default="")


def trained_as(metadata: Mapping[str, str]) -> str:
    """How a LoRA was trained, where that leaves no trace in its tensors; "" for the plain way."""
    network = metadata.get("ss_network_module", "")
    algorithm = _json_object(metadata.get("ss_network_args", "")).get("algo", "")
    if network.endswith("lora_fa"):
        return "LoRA-FA"
    return "DyLoRA" if network.endswith("dylora") or algorithm == "dylora" else ""


def was_split(metadata: Mapping[str, str]) -> bool:
    """Whether LoRAs of fused matrices were trained as one for each part, and stored as one of all their ranks.

    Their alpha is still a part's, and so is the rank that it is divided by (kohya's option ``split_qkv``).
    """
    return _argument(metadata, "split_qkv")


def was_rank_stabilised(metadata: Mapping[str, str]) -> bool:
    """Whether alpha was divided by the root of the rank (arXiv:2312.03732), as LyCORIS' ``rs_lora`` does."""
    return _argument(metadata, "rs_lora")


def _argument(metadata: Mapping[str, str], name: str) -> bool:
    """One of the switches that kohya's trainer was started with."""
    return str(_json_object(metadata.get("ss_network_args", "")).get(name, "")).lower() == "true"


def trigger_words(metadata: Mapping[str, str], limit: int = 8) -> tuple[str, ...]:
    """The phrase its maker says to use, else the most frequent tags of its training captions."""
    phrase = metadata.get("modelspec.trigger_phrase", "").strip()
    if phrase:
        return (phrase,)
    counts: dict[str, int] = {}
    for tags in _json_object(metadata.get("ss_tag_frequency", "")).values():
        for tag, number in tags.items() if isinstance(tags, dict) else ():
            if isinstance(number, int):
                counts[tag.strip()] = counts.get(tag.strip(), 0) + number
    return tuple(sorted(counts, key=lambda tag: (-counts[tag], tag))[:limit])


def _by_names(names: Iterable[str]) -> str:
    names = tuple(names)
    return next((family for signs, family in SIGNS if any(signs.search(name) for name in names)), "")


def _by_context(modules: Iterable[Module]) -> str:
    widths = (_columns(module.shapes) for module in modules if CROSS_ATTENTION.search(module.stem))
    return next((CONTEXT[width] for width in widths if width in CONTEXT), "")


def _columns(shapes: Mapping[str, Shape]) -> int | None:
    """The input width a module's tensors were made for, where they tell it."""
    if "down" in shapes:
        return prod(shapes["down"][1:])
    if "hada_w1_b" in shapes and "hada_t1" not in shapes:
        return prod(shapes["hada_w1_b"][1:])
    if "diff" in shapes and len(shapes["diff"]) > 1:
        return prod(shapes["diff"][1:])
    first, second = shapes.get("lokr_w1", shapes.get("lokr_w1_b")), shapes.get("lokr_w2", shapes.get("lokr_w2_b"))
    if first and second:
        return first[1] * prod(second[1:])
    if "a1" in shapes and "a2" in shapes:
        return max(shapes["a1"][:2])
    return None


def _by_metadata(metadata: Mapping[str, str]) -> str:
    said = " ".join(metadata.get(key, "").lower() for key in ("ss_base_model_version", "modelspec.architecture"))
    found = next((family for part, family in NAMED if part in said), "")
    return SD2 if not found and metadata.get("ss_v2") == "True" else found


def _json_object(text: str) -> dict[str, object]:
    """Metadata that should be a JSON object; what is not says nothing, since it only informs."""
    try:
        content = json.loads(text) if text else {}
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
