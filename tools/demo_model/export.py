"""Writes the three networks as one Stable Diffusion 1.x checkpoint in half precision."""

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from tools.demo_model.layout import published, text_names, unet_names, vae_names
from tools.demo_model.networks import LATENT_SCALE, Sizes, norm_groups
from tools.demo_model.vocabulary import Vocabulary

POSTERIOR_SPREAD = 0.03  # the encoder was trained without a variance; files must have one, so it is a small constant


def export_checkpoint(
    path: Path,
    *,
    sizes: Sizes,
    unet: Mapping[str, Tensor],
    text: Mapping[str, Tensor],
    vae: Mapping[str, Tensor],
    vocabulary: Vocabulary,
    whitening: tuple[Tensor, Tensor],
    native_size: int,
    about: Mapping[str, str],
) -> None:
    """Save a checkpoint that any loader of the layout can open; `about` goes into the metadata beside our keys."""
    vae = fold_whitening(vae, *whitening)
    text = {name: weight for name, weight in text.items() if "position_ids" not in name}
    table = next(name for name in text if name.endswith("token_embedding.weight"))
    text[table] = vocabulary.full_table(text[table])
    tensors = published(unet, unet_names(unet, depth=sizes.unet_depth))
    tensors |= published(vae, vae_names(vae)) | published(text, text_names(text))
    halves = {name: tensor.detach().cpu().half().contiguous() for name, tensor in tensors.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(halves, path, metadata=metadata(sizes, native_size) | dict(about))


def metadata(sizes: Sizes, native_size: int) -> dict[str, str]:
    """What shapes do not tell, and the fields of modelspec (https://github.com/Stability-AI/ModelSpec)."""
    return {
        "format": "pt",
        "modelspec.sai_model_spec": "1.0.0",
        "modelspec.architecture": "stable-diffusion-v1",
        "modelspec.implementation": "https://github.com/CompVis/stable-diffusion",
        "modelspec.title": "Patchbay demo",
        "modelspec.author": "The Patchbay authors",
        "modelspec.license": "Apache-2.0",
        "modelspec.resolution": f"{native_size}x{native_size}",
        "modelspec.prediction_type": "epsilon",
        "patchbay.unet.attention_heads": str(sizes.heads),
        "patchbay.unet.norm_groups": str(norm_groups(sizes.unet_widths)),
        "patchbay.vae.norm_groups": str(norm_groups(sizes.vae_widths)),
        "patchbay.text.attention_heads": str(max(1, sizes.text_width // 64)),
        "patchbay.text.activation": "quick_gelu",
        "patchbay.prediction": "eps",
        "patchbay.latent_scale": str(LATENT_SCALE),
        "patchbay.native_size": str(native_size),
    }


def fold_whitening(vae: Mapping[str, Tensor], mean: Tensor, spread: Tensor) -> dict[str, Tensor]:
    """Put the latents' whitening, and 0.18215, into the 1x1 convolutions at both ends of the latent.

    Training sees latents of mean 0 and deviation 1; a loader multiplies by 0.18215 and knows of no whitening.
    """
    vae, factor = dict(vae), spread * LATENT_SCALE
    weight, bias = vae["quant_conv.weight"].clone(), vae["quant_conv.bias"].clone()
    weight[:4] /= factor[:, None, None, None]
    bias[:4] = (bias[:4] - mean) / factor
    weight[4:] = 0
    bias[4:] = 2 * torch.log(POSTERIOR_SPREAD / factor)
    vae["quant_conv.weight"], vae["quant_conv.bias"] = weight, bias
    weight, bias = vae["post_quant_conv.weight"], vae["post_quant_conv.bias"]
    vae["post_quant_conv.bias"] = bias + weight[:, :, 0, 0] @ mean
    vae["post_quant_conv.weight"] = weight * factor[None, :, None, None]
    return vae
