"""Low-rank and other changes of a weight, trainable in place and saved under the names that trainers use.

Formulas: LoRA (Hu et al. 2021, arXiv:2106.09685); LoHa (Hyeon-Woo et al. 2022, arXiv:2108.06098); LoKr (Yeh et al.
2023, arXiv:2309.14859); DoRA (Liu et al. 2024, arXiv:2402.09353). Names: kohya's sd-scripts and LyCORIS.
"""

import math
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.utils import parametrize

from tools.demo_model.networks import text_core


class WeightChange(nn.Module):
    """A change of one weight; `strength` scales it, and at 0 the weight is the pristine one, bit for bit."""

    def __init__(self, shape: torch.Size, rank: int):
        super().__init__()
        self.shape, self.rank, self.strength = shape, rank, 1.0
        self.rows, self.columns = shape[0], math.prod(shape[1:])

    def forward(self, weight: Tensor) -> Tensor:
        return weight if self.strength == 0 else weight + self.strength * self.change(weight).reshape(self.shape)

    def change(self, weight: Tensor) -> Tensor:
        raise NotImplementedError

    def tensors(self) -> dict[str, Tensor]:
        """What a file holds for this weight, by suffix."""
        raise NotImplementedError

    def _normal(self, *shape: int, spread: float) -> nn.Parameter:
        return nn.Parameter(torch.randn(shape) * spread)


class LoraChange(WeightChange):
    """up @ down."""

    def __init__(self, shape: torch.Size, rank: int):
        super().__init__(shape, rank)
        self.down = self._normal(rank, self.columns, spread=1 / math.sqrt(3 * self.columns))
        self.up = nn.Parameter(torch.zeros(self.rows, rank))

    def change(self, weight: Tensor) -> Tensor:
        return self.up @ self.down

    def tensors(self) -> dict[str, Tensor]:
        ones = (1,) * (len(self.shape) - 2)
        return {
            "lora_down.weight": self.down.reshape(self.rank, *self.shape[1:]),
            "lora_up.weight": self.up.reshape(self.rows, self.rank, *ones),
            "alpha": torch.tensor(float(self.rank)),
        }


class DoraChange(LoraChange):
    """A LoRA for the direction of each output row, and the row's length by itself."""

    def __init__(self, shape: torch.Size, rank: int):
        super().__init__(shape, rank)
        self.length: nn.Parameter | None = None

    def measure(self, weight: Tensor) -> None:
        """Take the pristine weight's row lengths as the start."""
        self.length = nn.Parameter(weight.detach().reshape(self.rows, -1).norm(dim=1, keepdim=True))

    def change(self, weight: Tensor) -> Tensor:
        flat = weight.reshape(self.rows, -1)
        moved = flat + self.up @ self.down
        return self.length * moved / (moved.norm(dim=1, keepdim=True) + torch.finfo(moved.dtype).eps) - flat

    def tensors(self) -> dict[str, Tensor]:
        return super().tensors() | {"dora_scale": self.length.reshape(self.rows, *(1,) * (len(self.shape) - 1))}


class LohaChange(WeightChange):
    """The elementwise product of two low-rank matrices: rank squared for the price of two."""

    def __init__(self, shape: torch.Size, rank: int):
        super().__init__(shape, rank)
        self.w1_a = self._normal(self.rows, rank, spread=0.1)
        self.w1_b = self._normal(rank, self.columns, spread=1.0)
        self.w2_a = nn.Parameter(torch.zeros(self.rows, rank))
        self.w2_b = self._normal(rank, self.columns, spread=0.1)

    def change(self, weight: Tensor) -> Tensor:
        return (self.w1_a @ self.w1_b) * (self.w2_a @ self.w2_b)

    def tensors(self) -> dict[str, Tensor]:
        factors = {"w1_a": self.w1_a, "w1_b": self.w1_b, "w2_a": self.w2_a, "w2_b": self.w2_b}
        return {f"hada_{name}": factor for name, factor in factors.items()} | {"alpha": torch.tensor(float(self.rank))}


class LokrChange(WeightChange):
    """A Kronecker product of a small full matrix and a low-rank one."""

    FACTOR = 4

    def __init__(self, shape: torch.Size, rank: int):
        super().__init__(shape, rank)
        self.w1 = self._normal(self.FACTOR, self.FACTOR, spread=1 / math.sqrt(self.FACTOR))
        self.w2_a = nn.Parameter(torch.zeros(self.rows // self.FACTOR, rank))
        self.w2_b = self._normal(
            rank, self.columns // self.FACTOR, spread=1 / math.sqrt(3 * self.columns / self.FACTOR)
        )

    def change(self, weight: Tensor) -> Tensor:
        return torch.kron(self.w1, self.w2_a @ self.w2_b)

    def tensors(self) -> dict[str, Tensor]:
        names = {"lokr_w1": self.w1, "lokr_w2_a": self.w2_a, "lokr_w2_b": self.w2_b}
        return names | {"alpha": torch.tensor(float(self.rank))}


class FullChange(WeightChange):
    """Every number of the weight free: a full fine-tune of the layers it is put on."""

    def __init__(self, shape: torch.Size, rank: int):
        super().__init__(shape, rank)
        self.diff = nn.Parameter(torch.zeros(shape))

    def change(self, weight: Tensor) -> Tensor:
        return self.diff

    def tensors(self) -> dict[str, Tensor]:
        return {"diff": self.diff}


KINDS: dict[str, type[WeightChange]] = {
    "lora": LoraChange,
    "dora": DoraChange,
    "loha": LohaChange,
    "lokr": LokrChange,
    "full": FullChange,
}


def attach(unet: nn.Module, text: nn.Module, kind: str, rank: int) -> dict[str, WeightChange]:
    """Put a change on each chosen weight; returns them by kohya's stem.

    A full fine-tune touches only the layers that read the text (after Kumari et al. 2023, arXiv:2212.04488),
    which is what keeps its file small; the others touch every linear layer of attention blocks and text encoder.
    """
    changes = {}
    for stem, module in targets(unet, text).items():
        if kind == "full" and "attn2" not in stem:
            continue
        change = KINDS[kind](module.weight.shape, rank).to(module.weight.device)
        if isinstance(change, DoraChange):
            change.measure(module.weight)
        parametrize.register_parametrization(module, "weight", change)
        changes[stem] = change
    return changes


def detach(unet: nn.Module, text: nn.Module) -> None:
    """Take every change off again; the weights are the pristine ones, bit for bit."""
    for module in [*unet.modules(), *text.modules()]:
        if parametrize.is_parametrized(module, "weight"):
            parametrize.remove_parametrizations(module, "weight", leave_parametrized=False)


def targets(unet: nn.Module, text: nn.Module) -> dict[str, nn.Module]:
    """kohya's stem → module: linear layers and 1x1 convolutions of attention blocks and of the text encoder."""
    found = {}
    for name, module in unet.named_modules():
        narrow = isinstance(module, nn.Linear) or (isinstance(module, nn.Conv2d) and module.kernel_size == (1, 1))
        if narrow and "attentions" in name and "parametrizations" not in name:
            found["lora_unet_" + name.replace(".", "_")] = module
    for name, module in text_core(text).encoder.named_modules():
        if isinstance(module, nn.Linear):
            found["lora_te_text_model_encoder_" + name.replace(".", "_")] = module
    return found


def save_adapter(
    path: Path, changes: Mapping[str, WeightChange], *, kind: str, rank: int, title: str, trigger: str
) -> None:
    tensors = {f"{stem}.{suffix}": t for stem, change in changes.items() for suffix, t in change.tensors().items()}
    halves = {name: tensor.detach().cpu().half().contiguous() for name, tensor in tensors.items()}
    module = "networks.lora" if kind == "lora" else "lycoris.kohya"
    algorithm = {"dora": '{"algo": "lora", "dora_wd": "True"}'}.get(kind, f'{{"algo": "{kind}"}}')
    path.parent.mkdir(parents=True, exist_ok=True)
    metadata = {
        "format": "pt",
        "ss_network_module": module,
        "ss_network_args": algorithm,
        "ss_network_dim": str(rank),
        "ss_network_alpha": str(rank),
        "ss_base_model_version": "sd_v1",
        "ss_output_name": path.stem,
        "modelspec.sai_model_spec": "1.0.0",
        "modelspec.architecture": "stable-diffusion-v1/lora",
        "modelspec.title": title,
        "modelspec.author": "The Patchbay authors",
        "modelspec.license": "Apache-2.0",
    }
    save_file(halves, path, metadata=metadata | ({"modelspec.trigger_phrase": trigger} if trigger else {}))


def load_adapter(path: Path, unet: nn.Module, text: nn.Module) -> dict[str, WeightChange]:
    """Put a saved adapter back on, for sampling; the kind is seen from the names in the file."""
    from safetensors.torch import load_file

    tensors = {name: tensor.float() for name, tensor in load_file(path).items()}
    suffixes = {name.split(".", 1)[1] for name in tensors}
    kind = next(kind for kind, sign in _SIGNS.items() if sign in suffixes)
    rank_sign = {"lora": "lora_down.weight", "dora": "lora_down.weight", "loha": "hada_w1_b", "lokr": "lokr_w2_b"}.get(
        kind
    )
    rank = next((t.shape[0] for name, t in tensors.items() if rank_sign and name.endswith(rank_sign)), 0)
    changes = attach(unet, text, kind, rank)
    with torch.no_grad():
        for stem, change in changes.items():
            for suffix, target in change.tensors().items():
                if suffix != "alpha":
                    target.copy_(tensors[f"{stem}.{suffix}"])
            change.requires_grad_(False)
    return changes


_SIGNS = {
    "dora": "dora_scale",
    "loha": "hada_w1_a",
    "lokr": "lokr_w1",
    "full": "diff",
    "lora": "lora_up.weight",
}
