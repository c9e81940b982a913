"""Ask the trainers themselves: write small adapters of every kind, and what the trainer's own forward makes of them.

Runs in an environment of its own, with ``lycoris-lora`` and ``peft`` beside torch:

    python tools/oracles/make_adapter_fixtures.py tests/golden/adapters

Each case is one adapter file as the trainer saves it, ``<case>.safetensors``. ``forward.safetensors`` holds the layers'
weights (``to_q`` linear, ``conv`` 3×3) and, per case, what the trainer's *training forward* adds to them at strength 1,
read off by feeding unit vectors. The packages' merging code is not asked: for some kinds it disagrees with the forward.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import lycoris.modules as lycoris
import peft
import torch
from peft.tuners.boft import layer as boft
from safetensors.torch import save_file
from torch import Tensor, nn

# name, layer, tensors as saved, metadata, (weight, bias) that the layer then acts as
Case = tuple[str, str, dict[str, Tensor], dict[str, str], tuple[Tensor, Tensor]]
LINEAR, CONV = "to_q", "conv"
ALPHA = 2.0


def layers() -> dict[str, nn.Module]:
    torch.manual_seed(1)
    return {LINEAR: nn.Linear(24, 32), CONV: nn.Conv2d(8, 16, 3)}


@torch.no_grad()
def effective(layer: Callable[[Tensor], Tensor], shape: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """The weight and bias a layer acts as."""
    inputs = torch.eye(torch.Size(shape[1:]).numel()).reshape(-1, *shape[1:])
    bias = layer(torch.zeros_like(inputs[:1])).flatten()
    outputs = layer(inputs).flatten(1) - bias
    return outputs.T.reshape(shape), bias


@torch.no_grad()
def randomize(module: nn.Module, std: float) -> None:
    for name, parameter in sorted(module.named_parameters()):
        if "org" in name:
            continue
        noise = torch.randn(parameter.shape) * std
        keeps_length = any(part in name for part in ("dora_scale", "magnitude", "rescale", "boft_s", "ia3_l"))
        parameter.copy_(parameter * (1.0 + noise) if keeps_length else noise)


LYCORIS = {
    # case: (class, layer, std, settings)
    "lora": ("LoConModule", LINEAR, 0.5, {}),
    "lora_rs": ("LoConModule", LINEAR, 0.5, {"rs_lora": True}),
    "lora_scalar": ("LoConModule", LINEAR, 0.5, {"use_scalar": True}),
    "locon": ("LoConModule", CONV, 0.5, {}),
    "locon_tucker": ("LoConModule", CONV, 0.5, {"use_tucker": True}),
    "loha": ("LohaModule", LINEAR, 0.5, {}),
    "loha_conv": ("LohaModule", CONV, 0.5, {}),
    "loha_tucker": ("LohaModule", CONV, 0.5, {"use_tucker": True}),
    "lokr": ("LokrModule", LINEAR, 0.5, {"lora_dim": 2, "factor": 4}),
    "lokr_both": ("LokrModule", LINEAR, 0.5, {"lora_dim": 1, "factor": 4, "decompose_both": True}),
    "lokr_full": ("LokrModule", LINEAR, 0.2, {"full_matrix": True, "factor": 4}),
    "lokr_conv": ("LokrModule", CONV, 0.5, {"lora_dim": 1, "factor": 2}),
    "lokr_tucker": ("LokrModule", CONV, 0.5, {"lora_dim": 1, "factor": 2, "use_tucker": True}),
    "lokr_conv_full": ("LokrModule", CONV, 0.2, {"full_matrix": True, "factor": 2}),
    "dora_out": ("LoConModule", LINEAR, 0.3, {"weight_decompose": True, "wd_on_out": True}),
    "dora_in": ("LoConModule", LINEAR, 0.3, {"weight_decompose": True, "wd_on_out": False}),
    "dora_conv_out": ("LoConModule", CONV, 0.3, {"weight_decompose": True, "wd_on_out": True}),
    "dora_conv_in": ("LoConModule", CONV, 0.3, {"weight_decompose": True, "wd_on_out": False}),
    "dora_loha": ("LohaModule", LINEAR, 0.5, {"weight_decompose": True, "wd_on_out": True}),
    "dora_lokr": ("LokrModule", CONV, 0.5, {"lora_dim": 1, "factor": 2, "weight_decompose": True}),
    "full": ("FullModule", LINEAR, 0.1, {}),
    "full_conv": ("FullModule", CONV, 0.1, {}),
    "ia3_out": ("IA3Module", LINEAR, 0.3, {"train_on_input": False}),
    "ia3_in": ("IA3Module", LINEAR, 0.3, {"train_on_input": True}),
    "ia3_conv_in": ("IA3Module", CONV, 0.3, {"train_on_input": True}),
    "ia3_conv_out": ("IA3Module", CONV, 0.3, {"train_on_input": False}),
    "oft": ("DiagOFTModule", LINEAR, 0.2, {"lora_dim": 8}),
    "oft_conv": ("DiagOFTModule", CONV, 0.2, {"lora_dim": 4}),
    "oft_constrained": ("DiagOFTModule", LINEAR, 0.5, {"lora_dim": 8, "constraint": 0.05}),
    "oft_rescaled": ("DiagOFTModule", LINEAR, 0.2, {"lora_dim": 8, "rescaled": True}),
    "boft": ("ButterflyOFTModule", LINEAR, 0.2, {"lora_dim": 4}),
    "boft_conv": ("ButterflyOFTModule", CONV, 0.2, {"lora_dim": 4}),
    "boft_rescaled": ("ButterflyOFTModule", LINEAR, 0.2, {"lora_dim": 4, "rescaled": True, "constraint": 0.05}),
    "glora": ("GLoRAModule", LINEAR, 0.3, {}),
    "glora_conv": ("GLoRAModule", CONV, 0.3, {}),
}


def lycoris_cases() -> Iterator[Case]:
    for case, (kind, name, std, settings) in LYCORIS.items():
        layer = layers()[name]
        shape = tuple(layer.weight.shape)
        module = getattr(lycoris, kind)(f"lora_unet_{name}", layer, **{"lora_dim": 4, "alpha": ALPHA, **settings})
        randomize(module, std)
        module.apply_to()
        # A full fine-tune folds the layer's own weight into itself; only this method takes it out again.
        state = module.custom_state_dict() if kind == "FullModule" else module.state_dict()
        saved = {f"lora_unet_{name}.{key}": value for key, value in state.items()}
        yield case, name, saved, {"ss_network_module": "lycoris.kohya"}, effective(layer, shape)


PEFT = {
    # case: (configuration, layer, std)
    "peft_lora": (lambda **on: peft.LoraConfig(r=4, lora_alpha=6, **on), LINEAR, 0.5),
    "peft_lora_rs": (lambda **on: peft.LoraConfig(r=4, lora_alpha=6, use_rslora=True, **on), LINEAR, 0.5),
    "peft_lora_bias": (lambda **on: peft.LoraConfig(r=4, lora_alpha=6, lora_bias=True, **on), LINEAR, 0.5),
    "peft_locon": (lambda **on: peft.LoraConfig(r=4, lora_alpha=6, **on), CONV, 0.5),
    "peft_dora": (lambda **on: peft.LoraConfig(r=4, lora_alpha=6, use_dora=True, **on), LINEAR, 0.3),
    "peft_dora_conv": (lambda **on: peft.LoraConfig(r=4, lora_alpha=6, use_dora=True, **on), CONV, 0.3),
    "peft_loha": (lambda **on: peft.LoHaConfig(r=4, alpha=6, **on), LINEAR, 0.5),
    "peft_loha_conv": (lambda **on: peft.LoHaConfig(r=4, alpha=6, use_effective_conv2d=True, **on), CONV, 0.5),
    "peft_lokr": (lambda **on: peft.LoKrConfig(r=2, alpha=6, **on), LINEAR, 0.5),
    "peft_lokr_full": (lambda **on: peft.LoKrConfig(r=16, alpha=8, **on), LINEAR, 0.5),
    "peft_lokr_conv": (lambda **on: peft.LoKrConfig(r=1, alpha=3, use_effective_conv2d=True, **on), CONV, 0.5),
    "peft_ia3": (lambda **on: peft.IA3Config(feedforward_modules=[], **on), LINEAR, 0.3),
    "peft_ia3_feedforward": (lambda **on: peft.IA3Config(feedforward_modules=[LINEAR], **on), LINEAR, 0.3),
    "peft_ia3_conv": (lambda **on: peft.IA3Config(feedforward_modules=[], **on), CONV, 0.3),
    "peft_ia3_conv_feedforward": (lambda **on: peft.IA3Config(feedforward_modules=[CONV], **on), CONV, 0.3),
    "peft_oft": (lambda **on: peft.OFTConfig(r=0, oft_block_size=4, use_cayley_neumann=False, **on), LINEAR, 0.3),
    "peft_oft_series": (lambda **on: peft.OFTConfig(r=0, oft_block_size=4, **on), LINEAR, 0.1),
    "peft_oft_short": (
        lambda **on: peft.OFTConfig(r=0, oft_block_size=4, num_cayley_neumann_terms=3, **on),
        LINEAR,
        0.1,
    ),
    "peft_oft_limited": (lambda **on: peft.OFTConfig(r=0, oft_block_size=4, coft=True, eps=0.1, **on), LINEAR, 0.1),
    "peft_oft_conv": (lambda **on: peft.OFTConfig(r=0, oft_block_size=4, **on), CONV, 0.1),
    "peft_boft": (lambda **on: peft.BOFTConfig(boft_block_size=4, **on), LINEAR, 0.3),
    "peft_boft_stages": (lambda **on: peft.BOFTConfig(boft_block_size=4, boft_n_butterfly_factor=2, **on), LINEAR, 0.3),
    "peft_boft_conv": (
        lambda **on: peft.BOFTConfig(boft_block_size=6, boft_n_butterfly_factor=2, **on),
        CONV,
        0.3,
    ),
    "peft_oft_shared": (
        lambda **on: peft.OFTConfig(r=0, oft_block_size=4, block_share=True, use_cayley_neumann=False, **on),
        LINEAR,
        0.3,
    ),
}


class BlockDiagonal:
    """In place of a CUDA extension of PEFT's, without which it leaves all stages of BOFT but the first out."""

    @staticmethod
    def apply(stages: Tensor) -> Tensor:
        return torch.stack([torch.block_diag(*blocks) for blocks in stages])


def peft_cases() -> Iterator[Case]:
    boft.get_fbd_cuda, boft.FastBlockDiag = lambda: True, BlockDiagonal
    for case, (configure, name, std) in PEFT.items():
        model = peft.get_peft_model(nn.ModuleDict(layers()), configure(target_modules=[name]))
        tuned = model.base_model.model[name]
        randomize(tuned, std)  # also the layer below: it is set back
        original = layers()[name]
        tuned.base_layer.load_state_dict(original.state_dict())
        tuned.eval()
        saved = {key: value.clone() for key, value in peft.get_peft_model_state_dict(model).items()}
        config = {
            key: sorted(value) if isinstance(value, set) else value
            for key, value in model.peft_config["default"].to_dict().items()
        }
        yield (
            case,
            name,
            saved,
            {"config": json.dumps(config, default=str)},
            effective(tuned, tuple(original.weight.shape)),
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    truth = {f"{name}.{key}": value.data for name, layer in layers().items() for key, value in layer.named_parameters()}
    for cases in (lycoris_cases, peft_cases):
        for case, name, saved, metadata, (weight, bias) in cases():
            saved = {key: value.detach().clone().contiguous() for key, value in saved.items()}
            save_file(saved, folder / f"{case}.safetensors", metadata={"format": "pt", **metadata})
            truth[f"{case}/{name}.weight"] = (weight - truth[f"{name}.weight"]).contiguous()
            if not torch.allclose(bias, truth[f"{name}.bias"], atol=1e-6):
                truth[f"{case}/{name}.bias"] = bias - truth[f"{name}.bias"]
            print(f"{case}: {', '.join(sorted(saved))}")
    save_file(truth, folder / "forward.safetensors")


if __name__ == "__main__":
    main()
