"""A hypernetwork in A1111's format: two small networks per width that bend what keys and values are made from.

Published description: the wiki and files of AUTOMATIC1111's web UI; only the file format is followed here.
"""

from pathlib import Path

import torch
from torch import Tensor, nn

STRUCTURE = (1, 2, 1)  # the middle layer is twice as wide as the input
ACTIVATION = "relu"


class Bend(nn.Module):
    """x + strength * network(x), with the last layer linear and starting at zero."""

    def __init__(self, width: int):
        super().__init__()
        inner = STRUCTURE[1] * width
        self.linear = nn.Sequential(nn.Linear(width, inner), nn.ReLU(), nn.Linear(inner, width))
        nn.init.zeros_(self.linear[2].weight)
        nn.init.zeros_(self.linear[2].bias)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x)


class Hypernetwork(nn.Module):
    """Bends the context of every attention layer whose width it knows."""

    def __init__(self, widths: tuple[int, ...]):
        super().__init__()
        self.strength = 1.0
        self.keys = nn.ModuleDict({str(width): Bend(width) for width in widths})
        self.values = nn.ModuleDict({str(width): Bend(width) for width in widths})

    def install(self, unet: nn.Module) -> list:
        """Hook the inputs of `to_k` and `to_v`; returns handles that take the hooks off again."""
        handles = []
        for name, module in unet.named_modules():
            bends = {"to_k": self.keys, "to_v": self.values}.get(name.rsplit(".", 1)[-1])
            if bends is not None and str(module.in_features) in bends:
                handles.append(module.register_forward_pre_hook(self._hook(bends[str(module.in_features)])))
        return handles

    def _hook(self, bend: Bend):
        return lambda module, inputs: (inputs[0] + self.strength * bend(inputs[0]),) if self.strength else None

    def save(self, path: Path, *, steps: int) -> None:
        """Plain tensors, numbers and strings only, so that `torch.load(weights_only=True)` opens it."""
        content: dict = {}
        for width in self.keys:
            pair = (self.keys[width].state_dict(), self.values[width].state_dict())
            content[int(width)] = tuple({name: t.detach().cpu().half() for name, t in state.items()} for state in pair)
        content |= {
            "step": steps,
            "name": path.stem,
            "layer_structure": list(STRUCTURE),
            "activation_func": ACTIVATION,
            "is_layer_norm": False,
            "weight_initialization": "Normal",
            "use_dropout": False,
            "activate_output": False,
            "last_layer_dropout": False,
            "sd_checkpoint_name": "patchbay-demo",
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save(content, path)

    @classmethod
    def load(cls, path: Path) -> "Hypernetwork":
        content = torch.load(path, weights_only=True)
        widths = tuple(key for key in content if isinstance(key, int))
        network = cls(widths)
        for width in widths:
            for bends, state in zip((network.keys, network.values), content[width], strict=True):
                bends[str(width)].load_state_dict({name: tensor.float() for name, tensor in state.items()})
        return network.requires_grad_(False)
