"""The ``parameters`` text of a picture: prompts and one line of settings, which people and model sites read.

The form is the one the oldest web interface writes: the prompt, ``Negative prompt: …``, then ``Key: value`` pairs
with commas between them, values that hold commas, colons or line breaks as JSON strings.
"""

import json
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from graph.workflow import Link, Node, NodeId
from workflows.a1111_names import shown_sampler, shown_schedule
from workflows.api import links
from workflows.document import Document
from workflows.resource_hashes import resource_hashes, stem
from workflows.sampling_parts import Run, run_of, samples
from workflows.trace import literal, upstream

HashOf = Callable[[str, str], str | None]
"""(kind of model folder, name) → SHA-256 as sites know it: of a checkpoint's file, of a LoRA's tensors; or None."""


def unknown_hash(kind: str, name: str) -> str | None:
    """For documents without the model files they speak of."""
    return None


PAIR = re.compile(r'\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)')
TWO_STRENGTHS = re.compile(r"<((?:lora|lyco):[^<>:=]+):([^<>:=]+):([^<>:=]+)((?::[^<>]*)?)>", re.IGNORECASE)
MENTIONED = re.compile(r"<(?:lora|lyco):([^<>:=]+)", re.IGNORECASE)
ADAPTING = "EncodePromptWithAdapters"
ASIDE = frozenset({"clip", "control_net", "image", "mask", "model", "pixels", "vae"})
"""Inputs of what prompts pass through that bring no prompt."""
TOWARD = ("positive", "conditioning", "cond1")  # what samplers and guiders call the prompt
OURS = "Patchbay"
"""The version that texts of ours name."""
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
    settings = dict(_pairs(last))
    if len(settings) < FEWEST_PAIRS:
        lines, settings = [*lines, last], {}
    negative_from = next((i for i, line in enumerate(lines) if line.startswith("Negative prompt:")), len(lines))
    negative = "\n".join(lines[negative_from:]).removeprefix("Negative prompt:")
    return Parameters("\n".join(lines[:negative_from]).strip(), negative.strip(), settings)


def _pairs(line: str) -> Iterator[tuple[str, str]]:
    """The settings of a line; what some sites write as bare JSON stays whole."""
    place = 0
    while found := PAIR.search(line, place):
        key, value, place = found[1], found[2], found.end()
        if value.startswith(("{", "[")):
            try:
                _, end = json.JSONDecoder().raw_decode(line, found.start(2))
                if line[end : end + 1] in ("", ","):
                    value, place = line[found.start(2) : end], end
            except json.JSONDecodeError:
                pass  # a bracket like any other sign
        yield key, _unquoted(value)
        if place == len(line):
            break


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
    sampler = next((n for start in starts for n in upstream(document.workflow, start) if samples(nodes[n])), None)
    if sampler is None:
        return None
    run = run_of(document, sampler)
    settings: dict[str, Any] = {
        "Steps": run.value("steps"),
        "Sampler": _shown(shown_sampler, run.value("sampler_name")),
        "Schedule type": _shown(shown_schedule, run.schedule()),
        "CFG scale": run.scale(),
        "Seed": run.seed(),
        "Size": f"{size[0]}x{size[1]}" if size else None,
    }
    behind_model = _behind(document, run.linked("model"))
    checkpoint = next((node.inputs["ckpt_name"] for node in behind_model if _named(node, "ckpt_name")), None)
    around = (nodes[found] for start in starts for found in upstream(document.workflow, start))
    vae = next((node.inputs["vae_name"] for node in around if _named(node, "vae_name")), None)
    if checkpoint:
        settings["Model hash"] = (hash_of("checkpoints", checkpoint) or "")[:10] or None
        settings["Model"] = stem(checkpoint)
    skips = [node.inputs.get("stop_at_clip_layer") for node in _behind(document, run.linked(*TOWARD))]
    settings["Clip skip"] = next((-skip for skip in skips if isinstance(skip, int) and skip < -1), None)
    if run.strength() not in (None, 1, 1.0):
        settings["Denoising strength"] = run.strength()
    loras = [node for node in behind_model if _named(node, "lora_name")]
    hypernetworks = [node for node in behind_model if _named(node, "hypernetwork_name")]
    named = [*(lora.inputs["lora_name"] for lora in loras), *_mentioned(document, run)]
    hashes = [(stem(name), hash_of("loras", name)) for name in dict.fromkeys(named)]
    settings["Lora hashes"] = ", ".join(f"{stem}: {digest[:12]}" for stem, digest in hashes if digest) or None
    if vae:
        settings["VAE hash"] = (hash_of("vae", vae) or "")[:10] or None
        settings["VAE"] = vae
    positive, negative = (_prompt(document, run.linked(*names)) for names in (TOWARD, ("negative",)))
    known = resource_hashes(checkpoint, vae, named, (positive, negative), hash_of)
    if strength := run.value("variation_strength"):
        settings |= {"Variation seed": run.value("variation_seed"), "Variation seed strength": strength}
    settings["RNG"] = None if run.value("generator") == "cuda" else "CPU"  # unsaid is the graphics card
    settings["Version"] = OURS
    settings["Hashes"] = json.dumps(known) if known else None  # last: as bare JSON it troubles simple readers
    applied = "".join(f" <lora:{stem(lora.inputs['lora_name'])}:{_strength(lora)}>" for lora in reversed(loras))
    for node in reversed(hypernetworks):
        applied += f" <hypernet:{stem(node.inputs['hypernetwork_name'])}:{node.inputs.get('strength', 1)}>"
    prompt = positive + applied
    kept = {key: str(value) for key, value in settings.items() if value is not None}
    return Parameters(prompt.strip(), negative, kept)


def _behind(document: Document, at: tuple[NodeId, str] | None) -> list[Node]:
    """The nodes that feed an input, nearest first."""
    return [document.workflow.nodes[found] for found in _upstream_ids(document, at)]


def _upstream_ids(document: Document, at: tuple[NodeId, str] | None) -> list[NodeId]:
    link = document.workflow.nodes[at[0]].inputs.get(at[1]) if at else None
    if not isinstance(link, Link) or link.node not in document.workflow.nodes:
        return []
    return list(upstream(document.workflow, link.node))


def _prompt(document: Document, at: tuple[NodeId, str] | None) -> str:
    """The texts that reach an input, in the order of the links. What lies behind an encoder is no prompt of its own."""
    nodes = document.workflow.nodes
    link = nodes[at[0]].inputs.get(at[1]) if at else None
    waiting = deque([link.node] if isinstance(link, Link) else [])
    seen: set[NodeId] = set()
    texts: dict[str, None] = {}
    while waiting:
        node_id = waiting.popleft()
        if node_id in seen or node_id not in nodes:
            continue
        seen.add(node_id)
        text = literal(document, node_id, "text")
        if isinstance(text, str):
            texts[_text_first(document, node_id, text).strip()] = None
        else:
            waiting += [link.node for name, link in links(nodes[node_id]) if name not in ASIDE]
    return "\n".join(text for text in texts if text)


def _mentioned(document: Document, run: Run) -> list[str]:
    """The LoRAs that are named in prompts which put them on the run's model or text encoder."""
    ends = (run.linked("model"), run.linked(*TOWARD))
    found = dict.fromkeys(node_id for end in ends for node_id in _upstream_ids(document, end))
    texts = (literal(document, each, "text") for each in found if document.workflow.nodes[each].type == ADAPTING)
    return [name.strip() for text in texts if isinstance(text, str) for name in MENTIONED.findall(text)]


def _text_first(document: Document, node_id: NodeId, text: str) -> str:
    """A prompt whose LoRAs have the text encoder's strength before the model's, as readers of ``parameters`` expect."""
    adapts = document.workflow.nodes[node_id].type == ADAPTING
    if not adapts or literal(document, node_id, "rules") == "a1111":
        return text
    return TWO_STRENGTHS.sub(r"<\1:\3:\2\4>", text)


def _shown(show: Callable[[str], str], name: Any) -> Any:
    return show(name) if isinstance(name, str) else None


def _named(node: Node, name: str) -> bool:
    return isinstance(node.inputs.get(name), str)


def _strength(lora: Node) -> str:
    model, text = lora.inputs.get("strength_model", 1), lora.inputs.get("strength_clip")
    return f"{model}" if text in (None, model) else f"{text}:{model}"  # the text encoder's comes first there


def _quoted(value: str) -> str:
    if _is_object(value):  # model sites look for it bare
        return value
    return json.dumps(value, ensure_ascii=False) if re.search(r'[,:\n]|^"', value) else value


def _is_object(value: str) -> bool:
    try:
        return value.startswith("{") and isinstance(json.loads(value), dict)
    except ValueError:
        return False


def _unquoted(value: str) -> str:
    if value.startswith('"') and value.endswith('"') and len(value) > 1:
        try:
            return str(json.loads(value))
        except json.JSONDecodeError:
            return value
    return value.strip()
