"""A workflow from the ``parameters`` text of a picture, and a sentence about whatever in it has no place there."""

import json
import math
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from graph.errors import Problem
from graph.workflow import NodeId
from workflows.a1111_names import read_names
from workflows.document import FORMAT, Document, from_members
from workflows.parameters import OURS, Parameters
from workflows.upscalers import MEMBER, MISSING

NETWORK = re.compile(r"<(lora|lyco|hypernet):([^<>:]+)((?::[^<>:]*)*)>", re.IGNORECASE)
PAIR = re.compile(r"\s*([^,]+?):\s*([0-9a-fA-F]+)\s*(?:,|$)")
SIZE = re.compile(r"(\d+)\s*[x×]\s*(\d+)")
SHORTEST_HASH = 10  # digits; older texts have 8 of a kind that nothing uses any more
LATENT_METHODS = {
    "latent": "bilinear",
    "latent (bicubic)": "bicubic",
    "latent (nearest)": "nearest-exact",
    "latent (nearest-exact)": "nearest-exact",
}
PIXEL_METHODS = {"lanczos": "lanczos", "nearest": "nearest-exact"}
SILENT = {
    "Version",
    "User",
    "Created Date",
    "Batch size",
    "Batch pos",
    "Hashes",
    "Lora hashes",
    "TI hashes",
    "Model hash",
    "VAE hash",
    "Civitai metadata",
}
"""What needs no place: it is used in passing, or says nothing about the picture."""

Output = tuple[NodeId, int]


def recreate(parameters: Parameters) -> Document:
    """The workflow that such a text describes: text to image, with LoRAs, hypernetworks, another VAE and a second pass.

    Its ``hashes`` say which files it was made with, see `workflows.found_files`, and ``enlarged_by`` by which network,
    see `workflows.upscalers`.
    """
    return _Recreation(parameters).document()


@dataclass
class _Recreation:
    parameters: Parameters
    settings: dict[str, str] = field(init=False)
    """What has found no place yet."""
    nodes: dict[NodeId, Any] = field(default_factory=dict)
    hashes: dict[str, str] = field(default_factory=dict)
    enlarged_by: dict[NodeId, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def document(self) -> Document:
        self.settings = dict(self.parameters.settings)
        prompt, negative = self.parameters.prompt, self.parameters.negative
        model, clip, vae = self.loaders()
        prompt, model, clip = self.networks(prompt, model, clip)
        if (skip := self.number("Clip skip", 1)) > 1:
            clip = self.add("clip_skip", "CLIPSetLastLayer", stop_at_clip_layer=-int(skip), clip=clip)
        steps = max(1, int(self.number("Steps", 20)))
        width, height = self.size("Size", (512, 512))
        latent = self.add("latent", "EmptyLatentImage", width=width, height=height, batch_size=1)
        names = self.names("Sampler", "Schedule type", "Euler")
        sampling = {
            "model": model,
            "positive": self.encoded("positive", prompt, clip, steps),
            "negative": self.encoded("negative", negative, clip, steps),
            **self.noise(),
            "steps": steps,
            "cfg": self.number("CFG scale", 7.0),
            "sampler_name": names[0],
            "scheduler": names[1],
        }
        samples = self.sampled("sampler", sampling, latent, 1.0)
        if {"Hires upscale", "Hires resize"} & self.settings.keys():
            samples = self.second_pass(samples, clip, vae, sampling, (width, height))
        elif "Denoising strength" in self.settings:
            strength = self.settings.pop("Denoising strength")
            self.say(
                f"The picture was made from another one (at strength {strength}), which it does not hold: "
                "this starts from noise.",
                "sampler",
            )
        image = self.add("decode", "VAEDecode", samples=samples, vae=vae)
        self.add("save", "SaveImage", images=image, filename_prefix="Patchbay")
        for name, text in self.settings.items():
            if name not in SILENT:
                self.say(f"'{name}: {text}' has no place in the workflow.")
        members = {"format": FORMAT, "nodes": self.nodes, "hashes": self.hashes}
        written = from_members(members | ({MEMBER: self.enlarged_by} if self.enlarged_by else {}))
        return replace(written, problems=(*self.problems, *written.problems))

    def add(self, node_id: NodeId, kind: str, **inputs: Any) -> Output:
        """A node, by its first output."""
        shown = {name: list(value) if isinstance(value, tuple) else value for name, value in inputs.items()}
        self.nodes[node_id] = {"class_type": kind, "inputs": shown}
        return node_id, 0

    def say(self, sentence: str, node: NodeId | None = None) -> None:
        self.problems.append(Problem("not_recreated", sentence, node, severity="warning"))

    def number(self, name: str, otherwise: float) -> float:
        """A setting that is a number; whole ones keep every digit."""
        text = self.settings.pop(name, None)
        if text is None:
            return otherwise
        if (found := _number(text)) is None:
            self.say(f"'{name}: {text}' is no number: {otherwise} takes its place.")
            return otherwise
        return found

    def size(self, name: str, otherwise: tuple[int, int]) -> tuple[int, int]:
        """Width and height in whole latent pixels."""
        text = self.settings.pop(name, "")
        if (found := SIZE.fullmatch(text.strip())) is None:
            self.say(f"'{name}: {text}' is no size: {otherwise[0]}x{otherwise[1]} takes its place.", "latent")
            return otherwise
        return int(found[1]) // 8 * 8, int(found[2]) // 8 * 8

    def encoded(self, node: NodeId, text: str, clip: Output, steps: int) -> Output:
        if self.ours:
            return self.add(node, "CLIPTextEncode", text=text, clip=clip)
        return self.add(node, "EncodePrompt", clip=clip, text=text, rules="a1111", steps=steps)

    def noise(self) -> dict[str, Any]:
        """The sampler's input that noise comes from: a seed as ours is, else what other programs draw for it.

        They draw for each picture by itself, on the graphics card unless the text says otherwise.
        """
        seed, strength = int(self.number("Seed", 0)), self.number("Variation seed strength", 0.0)
        variation, told = int(self.number("Variation seed", 0)), self.settings.pop("RNG", "GPU")
        if self.ours and told == "CPU" and not strength:
            return {"seed": seed}
        generator = "cpu" if told == "CPU" else "cuda"
        source = self.add(
            "noise", "NoiseSource", noise_seed=seed, generator=generator, seed_per_image=True,
            variation_seed=variation, variation_strength=strength,
        )  # fmt: skip
        return {"noise": source}

    def sampled(self, node: NodeId, sampling: Mapping[str, Any], latent: Output, strength: float) -> Output:
        kind = "KSamplerWithNoise" if "noise" in sampling else "KSampler"
        return self.add(node, kind, **sampling, latent_image=latent, denoise=strength)

    @property
    def ours(self) -> bool:
        return self.parameters.settings.get("Version") == OURS

    def names(self, sampler: str, schedule: str, otherwise: str) -> tuple[str, str]:
        named = read_names(self.settings.pop(sampler, otherwise), self.settings.pop(schedule, None))
        for problem in named.problems:
            self.say(problem, "sampler")
        return named.sampler, named.schedule

    def expect(self, node: NodeId, name: str, digits: str | None) -> None:
        """Note which file an input meant."""
        if digits and len(digits) >= SHORTEST_HASH:
            self.hashes[f"{node}.{name}"] = digits.lower()

    def loaders(self) -> tuple[Output, Output, Output]:
        """Model, text encoder and VAE."""
        told = _resources(self.settings.get("Hashes"))
        digits = self.settings.get("Model hash") or told.get("model")
        name = self.settings.pop("Model", None) or digits
        if not name:
            self.problems.append(Problem("no_model", "the text names no model: choose a checkpoint", "checkpoint"))
        self.add("checkpoint", "CheckpointLoaderSimple", ckpt_name=name or "")
        self.expect("checkpoint", "ckpt_name", digits)
        vae: Output = ("checkpoint", 2)
        vae_name = self.settings.pop("VAE", None)
        if vae_name and vae_name.lower() not in ("none", "automatic"):
            vae = self.add("vae", "VAELoader", vae_name=vae_name)
            self.expect("vae", "vae_name", self.settings.get("VAE hash") or told.get("vae"))
        return ("checkpoint", 0), ("checkpoint", 1), vae

    def networks(self, prompt: str, model: Output, clip: Output) -> tuple[str, Output, Output]:
        """The prompt without the networks it names, and both models with these on top."""
        told = _resources(self.settings.get("Hashes"))
        by_name = dict(PAIR.findall(self.settings.get("Lora hashes", "")))
        for count, found in enumerate(NETWORK.finditer(prompt), 1):
            kind, name, strengths = found[1].lower(), found[2].strip(), _strengths(found[3])
            if strengths is None:
                self.say(f"{found[0]} in the prompt has no place in the workflow.")
                continue
            text, unet = strengths
            if kind == "hypernet":
                model = self.add(
                    f"hypernetwork_{count}", "HypernetworkLoader", hypernetwork_name=name, strength=text, model=model
                )
                continue
            node = f"lora_{count}"
            self.add(
                node, "LoraLoader", lora_name=name, strength_model=unet, strength_clip=text, model=model, clip=clip
            )
            self.expect(node, "lora_name", by_name.get(name) or told.get(f"lora:{name}"))
            model, clip = (node, 0), (node, 1)
        return NETWORK.sub("", prompt).strip(), model, clip

    def second_pass(
        self, samples: Output, clip: Output, vae: Output, sampling: Mapping[str, Any], size: tuple[int, int]
    ) -> Output:
        """Larger, and denoised once more: the last steps of as many as the strength asks for."""
        factor = self.number("Hires upscale", 0)
        width, height = (int(side * factor) // 8 * 8 for side in size)
        if not factor:
            width, height = self.size("Hires resize", size)
        upscaler = self.settings.pop("Hires upscaler", "Latent")
        shown = upscaler.lower().replace(" antialiased", "").replace(" (antialiased)", "")
        if shown in LATENT_METHODS:
            samples = self.add(
                "upscale", "LatentUpscale",
                samples=samples, upscale_method=LATENT_METHODS[shown], width=width, height=height, crop="disabled",
            )  # fmt: skip
            if shown != upscaler.lower():
                self.say(f"The upscaler {upscaler!r} smooths first, which the workflow does not.", "upscale")
        else:
            if shown not in PIXEL_METHODS:
                self.enlarged_by["upscale"] = upscaler
                sentence = f"There is no upscale model {upscaler!r} here: lanczos takes its place."
                self.problems.append(Problem(MISSING, sentence, "upscale", severity="warning"))
            first = self.add("decode_first", "VAEDecode", samples=samples, vae=vae)
            larger = self.add(
                "upscale", "ImageScale",
                image=first, upscale_method=PIXEL_METHODS.get(shown, "lanczos"), width=width, height=height,
                crop="disabled",
            )  # fmt: skip
            samples = self.add("encode", "VAEEncode", pixels=larger, vae=vae)
        changed: dict[str, Any] = dict(sampling)
        if "Schedule type" in self.parameters.settings:
            self.settings.setdefault("Hires schedule type", self.parameters.settings["Schedule type"])
        if "Hires sampler" in self.settings or "Hires schedule type" in self.settings:
            names = self.names("Hires sampler", "Hires schedule type", self.parameters.settings.get("Sampler", "Euler"))
            changed["sampler_name"], changed["scheduler"] = names
        changed["steps"] = int(self.number("Hires steps", 0)) or sampling["steps"]
        for node, name in (("positive", "Hires prompt"), ("negative", "Hires negative prompt")):
            text = self.nodes[node]["inputs"]["text"]
            other = NETWORK.sub("", self.settings.pop(name, text)).strip()
            if (other, changed["steps"]) != (text, sampling["steps"]):  # what a prompt says when depends on the steps
                changed[node] = self.encoded(f"{node}_again", other, clip, changed["steps"])
        changed["cfg"] = self.number("Hires CFG Scale", sampling["cfg"])
        strength = min(1.0, max(0.0, self.number("Denoising strength", 0.7)))
        return self.sampled("second_sampler", changed, samples, strength)


def _resources(text: str | None) -> dict[str, str]:
    """The ``Hashes`` member, by resource; nothing where it cannot be read."""
    try:
        told = json.loads(text or "{}")
    except ValueError:
        return {}
    return {name: digits for name, digits in told.items() if isinstance(digits, str)} if isinstance(told, dict) else {}


def _strengths(text: str) -> tuple[float, float] | None:
    """Strengths on text encoder and network in ``:0.8``, ``:0.8:0.5`` or ``:te=0.8:unet=0.5``; the former is first."""
    values = text.split(":")[1:]
    named = dict(value.split("=", 1) for value in values if "=" in value)
    plain = [value for value in values if "=" not in value]
    if named.keys() - {"te", "unet"} or len(plain) > 2:
        return None
    clip = _number(named.get("te", plain[0] if plain else "1"))
    unet = _number(named.get("unet", plain[1] if len(plain) > 1 else str(clip)))
    return None if clip is None or unet is None else (clip, unet)


def _number(text: str) -> float | None:
    """A finite number, whole ones with every digit."""
    with suppress(ValueError):
        return int(text)
    with suppress(ValueError):
        return number if math.isfinite(number := float(text)) else None
    return None
