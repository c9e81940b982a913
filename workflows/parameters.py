"""The ``parameters`` text of a picture: prompts and one line of settings, which people and model sites read.

The form is the one the oldest web interface writes: the prompt, ``Negative prompt: …``, then ``Key: value`` pairs
with commas between them, values that hold commas, colons or line breaks as JSON strings.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from graph.workflow import Link, Node, NodeId
from workflows.document import Document
from workflows.trace import literal, upstream

HashOf = Callable[[str, str], str | None]
"""(kind of model folder, name) → SHA-256 as sites know it: of a checkpoint's file, of a LoRA's tensors; or None."""


def unknown_hash(kind: str, name: str) -> str | None:
    """For documents without the model files they speak of."""
    return None


SAMPLERS = {
    "euler": "Euler",
    "euler_ancestral": "Euler a",
    "heun": "Heun",
    "dpm_2": "DPM2",
    "dpm_2_ancestral": "DPM2 a",
    "lms": "LMS",
    "dpm_fast": "DPM fast",
    "dpm_adaptive": "DPM adaptive",
    "dpmpp_2s_ancestral": "DPM++ 2S a",
    "dpmpp_sde": "DPM++ SDE",
    "dpmpp_2m": "DPM++ 2M",
    "dpmpp_2m_sde": "DPM++ 2M SDE",
    "dpmpp_3m_sde": "DPM++ 3M SDE",
    "ddim": "DDIM",
    "uni_pc": "UniPC",
    "lcm": "LCM",
    "ddpm": "DDPM",
}
SCHEDULES = {
    "normal": "Normal",
    "karras": "Karras",
    "exponential": "Exponential",
    "sgm_uniform": "SGM Uniform",
    "simple": "Simple",
    "ddim_uniform": "DDIM",
    "beta": "Beta",
    "linear_quadratic": "Linear Quadratic",
    "kl_optimal": "KL Optimal",
}
PAIR = re.compile(r'\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)')
FEWEST_PAIRS = 3  # a last line with fewer is part of the prompt


@dataclass(frozen=True)
class Parameters:
    """What such a text says."""

    prompt: str = ""
    negative: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)


def write_parameters(parameters: Parameters) -> str:
    """The text, as other programs expect it."""
    lines = [parameters.prompt]
    if parameters.negative:
        lines.append(f"Negative prompt: {parameters.negative}")
    lines.append(", ".join(f"{key}: {_quoted(value)}" for key, value in parameters.settings.items()))
    return "\n".join(lines)


def read_parameters(text: str) -> Parameters:
    """The parts of such a text; whatever is not settings is prompt."""
    *lines, last = text.strip().split("\n")
    settings = {key: _unquoted(value) for key, value in PAIR.findall(last)}
    if len(settings) < FEWEST_PAIRS:
        lines, settings = [*lines, last], {}
    negative_from = next((i for i, line in enumerate(lines) if line.startswith("Negative prompt:")), len(lines))
    negative = "\n".join(lines[negative_from:]).removeprefix("Negative prompt:")
    return Parameters("\n".join(lines[:negative_from]).strip(), negative.strip(), settings)


def parameters_of(
    document: Document,
    saving: NodeId | None = None,
    *,
    size: tuple[int, int] | None = None,
    hash_of: HashOf = unknown_hash,
) -> Parameters | None:
    """What made the picture that the node ``saving`` saves, found by walking back from it; None if no sampler did.

    ``size`` is width and height of the picture in pixels.
    """
    nodes = document.workflow.nodes
    starts = [node_id for node_id, node in nodes.items() if "images" in node.inputs] if saving is None else [saving]
    sampler = next((n for start in starts for n in upstream(document.workflow, start) if _samples(nodes[n])), None)
    if sampler is None:
        return None
    value = lambda name: literal(document, sampler, name)
    settings: dict[str, Any] = {
        "Steps": value("steps"),
        "Sampler": SAMPLERS.get(value("sampler_name"), value("sampler_name")),
        "Schedule type": SCHEDULES.get(value("scheduler"), value("scheduler")),
        "CFG scale": value("cfg"),
        "Seed": value("seed") if value("seed") is not None else value("noise_seed"),
        "Size": f"{size[0]}x{size[1]}" if size else None,
    }
    behind_model = _behind(document, sampler, "model")
    checkpoint = next((node.inputs["ckpt_name"] for node in behind_model if _named(node, "ckpt_name")), None)
    if checkpoint:
        settings["Model hash"] = (hash_of("checkpoints", checkpoint) or "")[:10] or None
        settings["Model"] = _stem(checkpoint)
    skips = [node.inputs.get("stop_at_clip_layer") for node in _behind(document, sampler, "positive")]
    settings["Clip skip"] = next((-skip for skip in skips if isinstance(skip, int) and skip < -1), None)
    if value("denoise") not in (None, 1, 1.0):
        settings["Denoising strength"] = value("denoise")
    loras = [node for node in behind_model if _named(node, "lora_name")]
    hashes = [(_stem(lora.inputs["lora_name"]), hash_of("loras", lora.inputs["lora_name"])) for lora in loras]
    settings["Lora hashes"] = ", ".join(f"{stem}: {digest[:12]}" for stem, digest in hashes if digest) or None
    settings["Version"] = "Patchbay"
    applied = "".join(f" <lora:{_stem(lora.inputs['lora_name'])}:{_strength(lora)}>" for lora in reversed(loras))
    prompt = _prompt(document, sampler, "positive") + applied
    kept = {key: str(value) for key, value in settings.items() if value is not None}
    return Parameters(prompt.strip(), _prompt(document, sampler, "negative"), kept)


def _behind(document: Document, node_id: NodeId, name: str) -> list[Node]:
    """The nodes that feed an input, nearest first."""
    return [document.workflow.nodes[found] for found in _upstream_ids(document, node_id, name)]


def _upstream_ids(document: Document, node_id: NodeId, name: str) -> list[NodeId]:
    link = document.workflow.nodes[node_id].inputs.get(name)
    if not isinstance(link, Link) or link.node not in document.workflow.nodes:
        return []
    return list(upstream(document.workflow, link.node))


def _prompt(document: Document, sampler: NodeId, name: str) -> str:
    """The texts that reach an input, in the order of the links."""
    texts = (literal(document, node_id, "text") for node_id in _upstream_ids(document, sampler, name))
    return "\n".join(dict.fromkeys(text.strip() for text in texts if isinstance(text, str) and text.strip()))


def _samples(node: Node) -> bool:
    return isinstance(node.inputs.get("positive"), Link) and not node.inputs.keys().isdisjoint({"steps", "cfg"})


def _named(node: Node, name: str) -> bool:
    return isinstance(node.inputs.get(name), str)


def _strength(lora: Node) -> str:
    model, text = lora.inputs.get("strength_model", 1), lora.inputs.get("strength_clip")
    return f"{model}" if text in (None, model) else f"{text}:{model}"  # the text encoder's comes first there


def _stem(name: str) -> str:
    return PurePosixPath(name.replace("\\", "/")).stem


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False) if re.search(r'[,:\n]|^"', value) else value


def _unquoted(value: str) -> str:
    if value.startswith('"') and value.endswith('"') and len(value) > 1:
        try:
            return str(json.loads(value))
        except json.JSONDecodeError:
            return value
    return value.strip()
