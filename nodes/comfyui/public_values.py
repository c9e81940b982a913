"""Values as public node classes see them, and back.

    IMAGE         Tensor (B, H, W, C) in 0…1, float32
    MASK          Tensor (B, H, W) in 0…1
    LATENT        {"samples": (B, C, H / 8, W / 8), "noise_mask"?: (B, 1, H, W), "batch_index"?: [int]}
    CONDITIONING  [[Tensor (B, N, D), {"pooled_output", "strength", "area", "mask", …}], …]
    CLIP, VAE     facades with the few methods that packs call
    MODEL …       our own values, to be passed on

What the public shape has no room for rides along under a key of ours, so that passing a value through loses nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from diffusion.conditioning import Area, Cond, Conditioning, Span
from diffusion.handle import TextHandle, VaeHandle
from diffusion.image import Image, Mask
from diffusion.latent import Latent
from diffusion.runtime import Runtime

if TYPE_CHECKING:
    from torch import Tensor

RIDER = "patchbay"
TILE = 8  # pixels to a place of a latent: areas are counted in places


class PublicVae:
    """A VAE with the methods that public classes call: pictures to latents and back, in the VAE's own units."""

    def __init__(self, handle: VaeHandle, runtime: Runtime):
        self.handle, self._runtime = handle, runtime

    def encode(self, pixels: "Tensor") -> "Tensor":
        """(B, H, W, 3) in 0…1 → (B, C, H / 8, W / 8)."""
        from diffusion.vae import encode

        return encode(self._runtime.residency, self.handle, pixels[..., :3])

    def decode(self, samples: "Tensor") -> "Tensor":
        """(B, C, H / 8, W / 8) → (B, H, W, 3) in 0…1."""
        from diffusion.vae import decode

        return decode(self._runtime.residency, self.handle, samples)


class PublicText:
    """A text encoder with the methods that public classes call. Tokens are the text itself: encoding reads it."""

    def __init__(self, handle: TextHandle, runtime: Runtime):
        self.handle, self._runtime = handle, runtime

    def clone(self) -> "PublicText":
        return PublicText(self.handle, self._runtime)

    def clip_layer(self, layer: int) -> None:
        """Stop at a layer counted from the end: −1 is the last."""
        self.handle = replace(self.handle, skip=-1 - layer)

    def tokenize(self, text: str) -> Mapping[str, str]:
        return {"text": text}

    def encode_from_tokens(
        self, tokens: Mapping[str, str], return_pooled: bool = False, return_dict: bool = False
    ) -> Any:
        """Embeddings (B, N, D), with the pooled ones or in a dict where asked for."""
        entry = self._encode(tokens).entries[0]
        if return_dict:
            return {"cond": entry.embeds, "pooled_output": entry.pooled}
        return (entry.embeds, entry.pooled) if return_pooled else entry.embeds

    def encode_from_tokens_scheduled(self, tokens: Mapping[str, str]) -> list[list[Any]]:
        return to_conditioning(self._encode(tokens))

    def _encode(self, tokens: Mapping[str, str]) -> Conditioning:
        from diffusion.text.encode import encode

        return encode(self._runtime.residency, self._runtime.folders, self.handle, tokens["text"], warn=_refuse)


def _refuse(message: str) -> None:
    raise ValueError(message)


def to_public(value: Any, runtime: Callable[[], Runtime]) -> Any:
    """One of our values in the shape that a public class expects; what has none is passed as it is."""
    match value:
        case Image():
            return value.pixels
        case Mask():
            return value.values
        case Latent():
            return to_latent(value)
        case Conditioning():
            return to_conditioning(value)
        case VaeHandle():
            return PublicVae(value, runtime())
        case TextHandle():
            return PublicText(value, runtime())
    return value


def from_public(value: Any, socket: str) -> Any:
    """What a public class returned for a socket, as a value of ours. Raises TypeError where it has another shape."""
    if isinstance(value, (PublicVae, PublicText)):
        return value.handle
    if value is None:
        return None
    match socket:
        case "IMAGE":
            return value if isinstance(value, Image) else Image(_pixels(value))
        case "MASK":
            return value if isinstance(value, Mask) else Mask(_mask(value))
        case "LATENT":
            return value if isinstance(value, Latent) else from_latent(value)
        case "CONDITIONING":
            return value if isinstance(value, Conditioning) else from_conditioning(value)
    return value


def to_latent(latent: Latent) -> dict[str, Any]:
    """A latent as the public dict."""
    public: dict[str, Any] = {"samples": latent.samples, RIDER: latent}
    if latent.mask is not None:
        public["noise_mask"] = latent.mask
    if latent.batch_index is not None:
        public["batch_index"] = list(latent.batch_index)
    return public


def from_latent(public: Any) -> Latent:
    """The public dict as a latent."""
    if not isinstance(public, Mapping) or not hasattr(public.get("samples"), "shape"):
        raise TypeError('a LATENT must be a dict with a tensor under "samples"')
    known = public.get(RIDER)
    mask, index = public.get("noise_mask"), public.get("batch_index")
    if mask is not None and mask.ndim == 3:
        mask = mask.unsqueeze(1)
    fresh = known if isinstance(known, Latent) else Latent(public["samples"])
    samples = public["samples"].detach().float().cpu()  # (B, C, H / 8, W / 8)
    return replace(fresh, samples=samples, mask=mask, batch_index=None if index is None else tuple(index))


def to_conditioning(conditioning: Conditioning) -> list[list[Any]]:
    """Entries as the public pairs of a tensor and a dict."""
    return [[entry.embeds, _described(entry)] for entry in conditioning.entries]


def from_conditioning(public: Any) -> Conditioning:
    """The public pairs as entries."""
    if not isinstance(public, (list, tuple)):
        raise TypeError("a CONDITIONING must be a list of [tensor, dict]")
    return Conditioning(tuple(_entry(pair) for pair in public))


def _described(entry: Cond) -> dict[str, Any]:
    options: dict[str, Any] = {**entry.extra, "pooled_output": entry.pooled, RIDER: entry}
    if entry.area is not None:
        area = entry.area
        place = (area.height, area.width, area.y, area.x)
        options["area"] = ("percentage", *place) if area.relative else tuple(int(side) // TILE for side in place)
    if entry.mask is not None:
        options |= {"mask": entry.mask, "mask_strength": entry.mask_strength, "set_area_to_bounds": entry.mask_bounds}
    if entry.strength != 1:
        options["strength"] = entry.strength
    if entry.span != Span():
        options |= {"start_percent": entry.span.start, "end_percent": entry.span.end}
    if entry.guidance is not None:
        options["guidance"] = entry.guidance
    return options


READ = frozenset(
    [
        "pooled_output",
        "area",
        "mask",
        "mask_strength",
        "set_area_to_bounds",
        "strength",
        "start_percent",
        "end_percent",
        "guidance",
    ]
) | {RIDER, "concat_latent_image"}


def _entry(pair: Any) -> Cond:
    if not isinstance(pair, (list, tuple)) or len(pair) != 2 or not isinstance(pair[1], Mapping):
        raise TypeError("a CONDITIONING must be a list of [tensor, dict]")
    embeds, options = pair
    known = options.get(RIDER)
    fresh = known if isinstance(known, Cond) else Cond(embeds)
    area = options.get("area")
    return replace(
        fresh,
        embeds=embeds,
        pooled=options.get("pooled_output"),
        area=None if area is None else _area(area),
        mask=options.get("mask"),
        mask_strength=options.get("mask_strength", 1.0),
        mask_bounds=bool(options.get("set_area_to_bounds", False)),
        strength=options.get("strength", 1.0),
        span=Span(options.get("start_percent", 0.0), options.get("end_percent", 1.0)),
        guidance=options.get("guidance"),
        extra={name: value for name, value in options.items() if name not in READ},
    )


def _area(area: Any) -> Area:
    if area[0] == "percentage":
        _, height, width, y, x = area
        return Area(x, y, width, height, relative=True)
    height, width, y, x = (side * TILE for side in area)
    return Area(x, y, width, height)


def _pixels(value: Any) -> "Tensor":
    if not hasattr(value, "ndim") or value.ndim not in (3, 4):
        raise TypeError("an IMAGE must be a tensor (B, H, W, C)")
    pixels: Tensor = value.detach().float().cpu()
    return pixels.unsqueeze(0) if value.ndim == 3 else pixels


def _mask(value: Any) -> "Tensor":
    if not hasattr(value, "ndim") or value.ndim not in (2, 3, 4):
        raise TypeError("a MASK must be a tensor (B, H, W)")
    mask: Tensor = value.detach().float().cpu()
    return mask.unsqueeze(0) if value.ndim == 2 else mask[:, 0] if value.ndim == 4 else mask
