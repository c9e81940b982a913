"""Hypernetworks: small networks that bend what the keys and values of attention are made from.

For an input x of a width d that the file knows, keys are made from x + strength · H_k(x), values from
x + strength · H_v(x); queries are left alone. The file (``.pt``, as made by A1111's web UI) maps each width to the
weights of H_k and H_v: fully connected layers with an activation, and a layer norm if there is one, after each.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from torch import Tensor, nn

from diffusion.adapters.loaded import LOADED, LoadedFile
from diffusion.checkpoint import read_any_header
from diffusion.errors import AdapterMismatch, UnreadableFile
from diffusion.families.family import Target
from diffusion.files.folders import ModelFolders
from diffusion.files.header import Header
from diffusion.handle import FileRef

LAYER = re.compile(r"(\d+)\.([01])\.linear(?:\.(\d+)|(\d+))\.(weight|bias)")
"""Width, 0 for keys or 1 for values, and the layer's place; in very old files layers are linear1 and linear2."""
ACTIVATIONS: Mapping[str, Callable[[], nn.Module]] = {
    "linear": nn.Identity,
    "relu": nn.ReLU,
    "relu6": nn.ReLU6,
    "leakyrelu": nn.LeakyReLU,
    "rrelu": nn.RReLU,
    "elu": nn.ELU,
    "selu": nn.SELU,
    "celu": nn.CELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "mish": nn.Mish,
    "swish": nn.Hardswish,  # what the program that writes these files means by it
    "hardswish": nn.Hardswish,
    "hardsigmoid": nn.Hardsigmoid,
    "hardtanh": nn.Hardtanh,
    "hardshrink": nn.Hardshrink,
    "softshrink": nn.Softshrink,
    "tanhshrink": nn.Tanhshrink,
    "softplus": nn.Softplus,
    "softsign": nn.Softsign,
    "sigmoid": nn.Sigmoid,
    "logsigmoid": nn.LogSigmoid,
    "tanh": nn.Tanh,
}
ROLES = {".to_k": 0, ".to_v": 1}
Bends = Mapping[tuple[int, int], nn.Module]
"""(width, 0 for keys or 1 for values) → the network."""


@dataclass(frozen=True, slots=True)
class Hypernetwork:
    """A hypernetwork at a strength. Several act one on top of the other."""

    file: FileRef
    strength: float

    @contextmanager
    def attached(self, network: nn.Module, folders: ModelFolders) -> Iterator[None]:
        """Bend the inputs of every attention whose width the file knows. Raises UnreadableFile."""
        bends = read_bends(LOADED.get(folders, self.file), self.file.path)
        weight = next(network.parameters())
        hooks = []
        for name, module in network.named_modules():
            role = next((number for ending, number in ROLES.items() if name.endswith(ending)), None)
            if role is None or not isinstance(module, nn.Linear) or not self.strength:
                continue
            bend = bends.get((module.in_features, role))
            if bend is not None:
                bend = bend.to(weight).requires_grad_(False)
                hooks.append(module.register_forward_pre_hook(_bending(bend, self.strength)))
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()


def _bending(bend: nn.Module, strength: float) -> Callable[[nn.Module, tuple[Tensor]], tuple[Tensor]]:
    return lambda _, inputs: (inputs[0] + strength * bend(inputs[0]),)


def open_hypernetwork(folders: ModelFolders, name: str, targets: Mapping[str, Target]) -> FileRef:
    """A file that changes a network of these weights. Raises FileNotInFolder, UnreadableFile or AdapterMismatch."""
    file = folders.ref("hypernetworks", name)
    header = read_any_header(folders.path(file), file.path)
    made_for = widths(header)
    if not made_for:
        raise UnreadableFile(f"{file.path} is not a hypernetwork: it has no layers for keys and values.")
    there = {target.shape[1] for key, target in targets.items() if key.endswith(("to_k.weight", "to_v.weight"))}
    if not made_for & there:
        raise AdapterMismatch(
            f"{file.path} changes nothing of this model: it bends what is {_listed(made_for)} numbers wide, and the "
            f"model's attention is fed by {_listed(there)}. It was made for another family."
        )
    return file


def widths(header: Header) -> set[int]:
    """The widths a file has networks for."""
    return {int(found[1]) for name in header.tensors if (found := LAYER.fullmatch(name))}


def read_bends(loaded: LoadedFile, name: str) -> Bends:
    """The networks of a file. Raises UnreadableFile where they are none, naming the file by ``name``."""
    facts = loaded.header.metadata
    activation = facts.get("activation_func", "linear").lower()
    if activation not in ACTIVATIONS:
        raise UnreadableFile(f"{name} is a hypernetwork with the activation {activation!r}, which is not known here.")
    layers: dict[tuple[int, int], dict[int, dict[str, Tensor]]] = {}
    for key, tensor in loaded.tensors.items():
        found = LAYER.fullmatch(key)
        if found is None:
            raise UnreadableFile(f"{name} is not a hypernetwork: it has a tensor {key!r}.")
        width, role, place, old_place, kind = found.groups()
        network = layers.setdefault((int(width), int(role)), {})
        network.setdefault(int(place or old_place), {})[kind] = tensor
    last_too = facts.get("activate_output", "True") == "True"
    return {
        key: _network(key[0], [places[place] for place in sorted(places)], ACTIVATIONS[activation], last_too, name)
        for key, places in layers.items()
    }


def _network(
    width: int, layers: list[dict[str, Tensor]], activation: Callable[[], nn.Module], last_too: bool, name: str
) -> nn.Module:
    """Layers in the order they run, with an activation after each fully connected one, or each but the last."""
    modules: list[nn.Module] = []
    last = max((place for place, layer in enumerate(layers) if _is_matrix(layer)), default=-1)
    wide = width
    for place, layer in enumerate(layers):
        weight, bias = layer.get("weight"), layer.get("bias")
        if weight is None or bias is None or weight.ndim not in (1, 2) or weight.shape[-1] != wide:
            raise UnreadableFile(f"{name} is damaged: its layers for {width} numbers do not fit together.")
        wide = weight.shape[0]
        module: nn.Module = nn.Linear(weight.shape[1], wide) if weight.ndim == 2 else nn.LayerNorm(wide)
        module.load_state_dict({"weight": weight, "bias": bias})
        modules.append(module)
        if weight.ndim == 2 and (place != last or last_too):
            modules.append(activation())
    if wide != width:
        raise UnreadableFile(f"{name} is damaged: its layers for {width} numbers make {wide} of them.")
    return nn.Sequential(*modules).eval()


def _is_matrix(layer: Mapping[str, Tensor]) -> bool:
    return "weight" in layer and layer["weight"].ndim == 2


def _listed(numbers: set[int]) -> str:
    return ", ".join(map(str, sorted(numbers)))
