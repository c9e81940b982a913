"""Which models are on the device right now, with which weights.

Residency owns the only thing here that changes. Making a handle resident rewrites just the weights whose recipe
differs from what is there, always starting from the file, so that results never depend on what ran before and there is
nothing to undo: the file is the pristine copy.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, TypeVar

import torch
from torch import nn

from diffusion.device import Device, choose_device, is_out_of_memory, speaking_of_memory
from diffusion.families.family import Target
from diffusion.families.sd15 import latent_space
from diffusion.files.folders import ModelFolders
from diffusion.files.header import Header
from diffusion.handle import ModelHandle, TextHandle, VaeHandle
from diffusion.latent import LatentSpace
from diffusion.model_files import ModelFiles
from diffusion.recipes import Recipe, Recipes, component_of, files_of
from diffusion.slot import Slot

Handle = ModelHandle | TextHandle | VaeHandle
Stop = Callable[[], None]
"""Returns, or raises to stop the work it is called from."""
Result = TypeVar("Result")
LARGE = 1_000_000_000  # bytes; before a model of this size is built, text encoders make room
WORKSPACE = 1_000_000_000  # bytes left free on the device for what models compute


class Residency:
    """Brings models onto the device, within a budget of bytes (None: what the device has free)."""

    def __init__(self, folders: ModelFolders, device: Device | None = None, budget: int | None = None) -> None:
        self._device = device or choose_device()
        self._budget = budget
        self._files = ModelFiles(folders)
        self._recipes = Recipes(folders, self._files)
        self._slots: list[Slot] = []  # least recently used first
        self._lock = threading.RLock()

    @property
    def device(self) -> torch.device:
        """Where models run."""
        return self._device.place

    def dtype(self, handle: Handle) -> torch.dtype:
        """The number format a model runs in."""
        return self._device.dtypes[component_of(handle.weights)]

    def header(self, handle: Handle) -> Header:
        """The header of the file a model's configuration is taken from."""
        return self._files.open(files_of(handle.weights)[0], handle.family).header

    def config(self, handle: Handle) -> Any:
        """The configuration of a model: UnetConfig, ClipConfig or VaeConfig."""
        opened = self._files.open(files_of(handle.weights)[0], handle.family)
        return opened.family.config(component_of(handle.weights), opened.header)

    def space(self, handle: Handle) -> LatentSpace:
        """What the numbers of the latents mean that a model works on."""
        return latent_space(self.header(handle))

    def targets(self, handle: Handle) -> Mapping[str, Target]:
        """The weights adapters can change, by canonical name."""
        return self._recipes.targets(handle.weights, handle.family)

    @contextmanager
    def resident(self, handle: Handle, stop: Stop | None = None) -> Iterator[nn.Module]:
        """The model as a module, with exactly this handle's weights, for as long as the block lasts.

        ``stop`` is called before every block of the network and for every weight that is written; what it raises
        passes through. Raises OutOfMemory, UnreadableFile or what adapters raise.
        """
        with self._lock:
            slot = self._filled(handle, stop or _go_on)
            slot.users += 1
            try:
                with ExitStack() as hooks, speaking_of_memory(self.device, f"running the {slot.title}"):
                    if stop is not None:
                        hooks.enter_context(slot.stopping(stop))
                    yield slot.module
            finally:
                slot.users -= 1

    def run(self, handle: Handle, function: Callable[[nn.Module], Result], stop: Stop | None = None) -> Result:
        """Call ``function`` with the resident module; when memory is short, release other models and try once more."""
        return self._twice(lambda: self._run(handle, function, stop))

    def forget(self) -> None:
        """Drop every model that is not in use, and close all files."""
        with self._lock:
            self._drop([slot for slot in self._slots if not slot.users])
            self._files.close()

    def held(self) -> int:
        """Bytes of weights on the device."""
        return sum(slot.size for slot in self._slots)

    def _run(self, handle: Handle, function: Callable[[nn.Module], Result], stop: Stop | None) -> Result:
        with self.resident(handle, stop) as module:
            return function(module)

    def _filled(self, handle: Handle, stop: Stop) -> Slot:
        with speaking_of_memory(self.device, "loading a model"):
            return self._twice(lambda: self._fill(handle, stop))

    def _twice(self, work: Callable[[], Result]) -> Result:
        """Do something; when memory is short, release every model that is not in use and do it once more."""
        try:
            return work()
        except Exception as error:
            if not is_out_of_memory(error):
                raise
        self._drop([slot for slot in self._slots if not slot.users])
        return work()

    def _fill(self, handle: Handle, stop: Stop) -> Slot:
        recipes = self._recipes.of(handle.weights, handle.family)
        slot = self._find(handle, recipes) or self._build(handle)
        self._slots.remove(slot)
        try:
            loaded = slot.write(recipes, stop)
        except BaseException:
            if slot.complete:
                self._slots.append(slot)
            raise
        self._slots.append(slot)
        if loaded:
            self._files.release_pages()
        return slot

    def _find(self, handle: Handle, recipes: Mapping[str, Recipe]) -> Slot | None:
        """A resident module of the same files; one in use only if it need not be changed."""
        files = (component_of(handle.weights), frozenset(files_of(handle.weights)))
        fitting = [slot for slot in self._slots if slot.files == files]
        return next(
            (slot for slot in fitting if slot.holds(recipes)),
            next((slot for slot in fitting if not slot.users), None),
        )

    def _build(self, handle: Handle) -> Slot:
        """A module without weights, listed as the most recently used. Room for its weights has been made."""
        opened = self._files.open(files_of(handle.weights)[0], handle.family)
        component = component_of(handle.weights)
        part, config = opened.family.parts[component], self.config(handle)
        with torch.device("meta"):
            module = part.build(config)
        files = (component, frozenset(files_of(handle.weights)))
        slot = Slot(part, module, files, self.device, self._device.dtypes[component])
        self._make_room(slot.size)
        self._slots.append(slot)
        return slot

    def _make_room(self, size: int) -> None:
        """Drop idle models, least recently used first, until ``size`` bytes fit; text encoders before a large model."""
        idle = [slot for slot in self._slots if not slot.users]
        if size >= LARGE:
            self._drop([slot for slot in idle if slot.component == "text"])
        while self._lacks(size):
            victim = next((slot for slot in self._slots if not slot.users), None)
            if victim is None:
                return  # the allocator has the last word
            self._drop([victim])

    def _lacks(self, size: int) -> bool:
        if self._budget is not None:
            return self.held() + size > self._budget
        free = self._device.free_memory()
        return free is not None and free < size + WORKSPACE

    def _drop(self, slots: list[Slot]) -> None:
        for slot in slots:
            self._slots.remove(slot)
            slot.release()
        if slots:
            self._device.release()


def _go_on() -> None:
    """Never stop."""
