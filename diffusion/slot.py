"""One module on the device, and which recipe each of its weights was made by."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import nn

from diffusion.errors import UnreadableFile
from diffusion.families.family import Part
from diffusion.handle import Component, FileRef, Weights
from diffusion.recipes import Recipe, same_but_for_ones


class Slot:
    """A module whose weights can be rewritten one by one. It is made without memory for any of them."""

    def __init__(
        self,
        part: Part,
        module: nn.Module,
        files: tuple[Component, frozenset[FileRef]],
        place: torch.device,
        dtype: torch.dtype,
    ) -> None:
        self.module = module.eval().requires_grad_(False)
        self.title = part.title
        self.files = files
        self.users = 0
        self.weights: Weights | None = None
        """The expression whose weights the module has, where it has one's."""
        self._part, self._place, self._dtype = part, place, dtype
        self._keys: dict[str, Hashable] = {}
        self.size = sum(weight.numel() for weight in module.parameters()) * dtype.itemsize

    @property
    def component(self) -> Component:
        return self.files[0]

    @property
    def complete(self) -> bool:
        """Whether every weight has been written at least once."""
        return not any(weight.is_meta for weight in self.module.parameters())

    def is_finite(self, name: str) -> bool:
        """Whether a weight, by its canonical name, holds numbers alone."""
        return bool(self.module.get_parameter(self._part.parameter_name(name)).isfinite().all())

    def holds(self, recipes: Mapping[str, Recipe]) -> bool:
        """Whether the module's weights are these recipes' already."""
        return all(self._keys.get(name) == recipe.key for name, recipe in recipes.items())

    @torch.no_grad()
    def write(self, weights: Weights, recipes: Mapping[str, Recipe], stop: Callable[[], None]) -> int:
        """Rewrite those of an expression's weights that differ; return how many. ``stop`` is called before each."""
        self.weights = None
        changed = {name: recipe for name, recipe in recipes.items() if self._keys.get(name) != recipe.key}
        for name, recipe in changed.items():
            stop()
            self._keys.pop(name, None)
            self._put(name, recipe)
            self._keys[name] = recipe.key
        if changed:
            self._check()
        self.weights = weights
        return len(changed)

    @contextmanager
    def stopping(self, stop: Callable[[], None]) -> Iterator[None]:
        """Call ``stop`` before every block: every member of a list of modules."""
        blocks = [block for modules in self.module.modules() if isinstance(modules, nn.ModuleList) for block in modules]
        hooks = [block.register_forward_pre_hook(lambda *_: stop()) for block in blocks]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def release(self) -> None:
        """Give the weights' memory back, whoever still refers to the module."""
        self.module.to("meta")
        self._keys.clear()
        self.weights = None

    def _put(self, name: str, recipe: Recipe) -> None:
        owner_name, _, role = self._part.parameter_name(name).rpartition(".")
        owner = self.module.get_submodule(owner_name)
        weight = owner.get_parameter(role)
        if not same_but_for_ones(recipe.shape, tuple(weight.shape)):
            raise UnreadableFile(
                f"The weight {name} has the shape {list(recipe.shape)} where the {self.title} needs "
                f"{list(weight.shape)}: the file is damaged or of another kind."
            )
        if weight.is_meta:
            weight = nn.Parameter(torch.empty_like(weight, device=self._place, dtype=self._dtype), requires_grad=False)
            setattr(owner, role, weight)
        recipe.write(weight)

    def _check(self) -> None:
        empty = [name for name, weight in self.module.named_parameters() if weight.is_meta]
        if empty:
            raise UnreadableFile(f"The file gives no {empty[0]}, which the {self.title} needs ({len(empty)} in all).")
        self.module.to(self._place)  # what is no weight, such as position numbers
