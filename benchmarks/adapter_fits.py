"""Kinds that cannot hold a LoRA's weights, taught by it: to answer as the network with the LoRA does.

What the teacher sees on its way to pictures of a few prompts is shown to the network with a pupil on it, whose tensors
follow the gradient of the difference between both answers. Every kind's own formula is what is differentiated.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.func import functional_call

from diffusion.adapters.adapter import Kind
from diffusion.adapters.ia3 import IA3, PeftIA3
from diffusion.adapters.loha import LoHa
from diffusion.adapters.lokr import LoKr
from diffusion.adapters.lora import LoRA
from diffusion.adapters.oft import BOFT, OFT
from diffusion.adapters.peft_boft import PeftBOFT
from diffusion.adapters.peft_oft import PeftOFT
from diffusion.adapters.suffixes import SUFFIXES
from diffusion.checkpoint import Checkpoint
from diffusion.denoise import Network
from diffusion.files.folders import ModelFolders
from diffusion.handle import Applied
from diffusion.residency import Residency
from diffusion.sampling import trained_sigmas
from diffusion.schedules import sigmas_for
from diffusion.text.encode import encode

PROMPTS = (
    "a red star on a blue background",
    "a green circle on a white background",
    "a yellow square on a blue background",
    "a house on a meadow by day",
)
STEPS, CFG, SIDE, SEEDS, ROUNDS = 12, 4.0, 16, 2, 120
"""The first four are of the teacher's pictures, whose side is in latent pixels."""
TURNED = 8  # rows or columns turned together
Tensors = dict[str, Tensor]


@dataclass(frozen=True)
class Pupil:
    """A kind to be taught: which of its tensors, by role, start as what for a weight, and how fast they learn."""

    kind: type[Kind]
    learns: Callable[[Tensor], Tensors]
    rate: float
    keeps: Callable[[Tensor], Tensors] = lambda weight: {}
    """Tensors that stay as they start."""
    convolutions: bool = False
    """Whether it goes on the 3×3 convolutions rather than on attention."""
    stem: str = "lora_unet_"

    def is_for(self, name: str, weight: Tensor) -> bool:
        if self.convolutions:
            return ".resnets." in name and weight.shape[2:] == (3, 3)
        return ".attentions." in name and weight.ndim > 1


def _normal(*shape: int, spread: float) -> Tensor:
    return torch.randn(shape) * spread


def _loha_tucker(weight: Tensor, rank: int = 4) -> Tensors:
    cores = {f"hada_t{n}": _normal(rank, rank, *weight.shape[2:], spread=0.5) for n in (1, 2)}
    inputs = {f"hada_w{n}_b": _normal(rank, weight.shape[1], spread=0.3) for n in (1, 2)}
    outputs = {"hada_w1_a": _normal(rank, len(weight), spread=0.3), "hada_w2_a": torch.zeros(rank, len(weight))}
    return cores | inputs | outputs


def _lokr_tucker(weight: Tensor, rank: int = 8, factor: int = 4) -> Tensors:
    return {
        "lokr_w1": _normal(factor, factor, spread=0.5),
        "lokr_w2_a": torch.zeros(rank, len(weight) // factor),
        "lokr_w2_b": _normal(rank, weight.shape[1] // factor, spread=0.3),
        "lokr_t2": _normal(rank, rank, *weight.shape[2:], spread=0.3),
    }


def _lora_tucker(weight: Tensor, rank: int = 8) -> Tensors:
    return {
        "up": torch.zeros(len(weight), rank, 1, 1),
        "down": _normal(rank, weight.shape[1], 1, 1, spread=0.2),
        "mid": _normal(rank, rank, *weight.shape[2:], spread=0.2),
    }


def _blocks(weight: Tensor) -> int:
    return len(weight) // TURNED


PUPILS = {
    "LoRA-FA": Pupil(
        LoRA,
        lambda weight: {"up": torch.zeros(len(weight), 8, *[1] * (weight.ndim - 2))},
        0.01,
        keeps=lambda weight: {"down": _normal(8, *weight.shape[1:], spread=weight[0].numel() ** -0.5)},
    ),
    "LoCon, Tucker": Pupil(LoRA, _lora_tucker, 5e-3, convolutions=True),
    "LoHa, Tucker": Pupil(LoHa, _loha_tucker, 5e-3, convolutions=True),
    "LoKr, Tucker": Pupil(LoKr, _lokr_tucker, 5e-3, convolutions=True),
    "IA3": Pupil(
        IA3,
        lambda weight: {"weight": torch.zeros(len(weight), *[1] * (weight.ndim - 1))},
        0.02,
        keeps=lambda _: {"on_input": torch.tensor(False)},
    ),
    "IA3 of PEFT": Pupil(
        PeftIA3,
        lambda weight: {"ia3_l": torch.ones(1, weight.shape[1], *[1] * (weight.ndim - 2))},
        0.02,
        stem="base_model.model.",
    ),
    "OFT": Pupil(OFT, lambda weight: {"oft_blocks": torch.zeros(_blocks(weight), TURNED, TURNED)}, 2e-3),
    "OFT of PEFT": Pupil(
        PeftOFT,
        lambda weight: {"oft_r": torch.zeros(weight[0].numel() // TURNED, TURNED * (TURNED - 1) // 2)},
        4e-3,
        stem="base_model.model.",
    ),
    "BOFT": Pupil(BOFT, lambda weight: {"oft_blocks": torch.zeros(2, _blocks(weight), TURNED, TURNED)}, 2e-3),
    "BOFT of PEFT": Pupil(
        PeftBOFT,
        lambda weight: {
            "boft_r": torch.zeros(1, weight[0].numel() // TURNED, TURNED, TURNED),
            "boft_s": torch.ones(len(weight), 1),
        },
        4e-3,
        stem="base_model.model.",
    ),
}


@dataclass(frozen=True)
class Lesson:
    """What the teacher saw and what it answered."""

    x: Tensor  # (B, C, h, w)
    sigma: Tensor
    embeds: Tensor  # (B, N, D), as the text encoder without the teacher makes them
    answer: Tensor  # (B, C, h, w): the predicted clean latent


@torch.no_grad()
def lessons(residency: Residency, folders: ModelFolders, checkpoint: Checkpoint, lora: str) -> list[Lesson]:
    """What the model with a LoRA makes of some noise on its way to pictures."""
    applied = Applied(folders.ref("loras", lora), 1.0)
    plain, taught = (
        [encode(residency, folders, text, words, warn=print).entries[0].embeds for words in (*PROMPTS, "")]
        for text in (checkpoint.text, checkpoint.text.clone(applied))
    )
    sigmas = sigmas_for("normal", trained_sigmas(checkpoint.model), STEPS)
    x = torch.randn(len(PROMPTS) * SEEDS, 4, SIDE, SIDE, generator=torch.Generator().manual_seed(0)) * sigmas[0]

    def batch(embeds: Sequence[Tensor]) -> Tensor:
        toward = torch.cat([each.repeat(SEEDS, 1, 1) for each in embeds[:-1]])
        return torch.cat([toward, embeds[-1].expand(len(x), -1, -1)])

    found = []
    with residency.resident(checkpoint.model.clone(applied)) as module:
        network = Network(module, trained_sigmas(checkpoint.model))
        for sigma, after in pairwise(sigmas):
            both = torch.cat([x, x])
            answer = network(both, sigma, batch(taught))
            found.append(Lesson(both, sigma, batch(plain), answer))
            toward, away = answer.chunk(2)
            x = x + (x - (away + CFG * (toward - away))) / sigma * (after - sigma)
    return found


def taught(residency: Residency, checkpoint: Checkpoint, lessons: Sequence[Lesson], pupil: Pupil) -> Tensors:
    """The tensors of a file of the pupil's kind, which makes the network answer nearly as the teacher does."""
    with residency.resident(checkpoint.model) as module:
        network = deepcopy(module)
    weights = {
        name: weight.detach()
        for name, weight in network.named_parameters()
        if name.endswith(".weight") and pupil.is_for(name, weight)
    }
    torch.manual_seed(0)
    made = {name: (pupil.learns(weight), pupil.keeps(weight)) for name, weight in weights.items()}
    learning = [tensor.requires_grad_() for learns, _ in made.values() for tensor in learns.values()]
    optimizer = torch.optim.Adam(learning, pupil.rate)
    rates = torch.optim.lr_scheduler.OneCycleLR(optimizer, pupil.rate, ROUNDS, pct_start=0.1)
    order = torch.Generator().manual_seed(0)
    for _ in range(ROUNDS):
        lesson = lessons[int(torch.randint(len(lessons), (), generator=order))]
        changed = {name: weight + _adapter(pupil, *made[name]).delta(weight) for name, weight in weights.items()}
        student = Network(Changed(network, changed), trained_sigmas(checkpoint.model))
        loss = (student(lesson.x, lesson.sigma, lesson.embeds) - lesson.answer).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        rates.step()
    return dict(_stored(pupil, made))


def _adapter(pupil: Pupil, learns: Tensors, keeps: Tensors) -> Kind:
    return pupil.kind.from_tensors(learns | keeps, 1.0, {})


def _stored(pupil: Pupil, made: Mapping[str, tuple[Tensors, Tensors]]) -> Iterator[tuple[str, Tensor]]:
    """Tensors under the names that a file has for them."""
    suffixes = {role: suffix for suffix, role in reversed(SUFFIXES.items())}
    for name, (learns, keeps) in made.items():
        module = name.removesuffix(".weight")
        flat = module.replace(".", "_") if pupil.stem.endswith("_") else module
        for role, tensor in (learns | keeps).items():
            yield f"{pupil.stem}{flat}.{suffixes[role]}", tensor.detach().contiguous()


class Changed(nn.Module):
    """A network with some of its weights replaced, through which a gradient reaches what replaced them."""

    def __init__(self, network: nn.Module, weights: Tensors) -> None:
        super().__init__()
        self.network, self.weights = network, weights

    def forward(self, *inputs: object, **named: object) -> object:
        return functional_call(self.network, self.weights, inputs, named)
