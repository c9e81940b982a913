"""Which models are on the device right now, with which weights.

Residency owns the only thing here that changes. Making a handle resident rewrites just the weights whose recipe
differs from what is there, always starting from the file, so that results never depend on what ran before and there is
nothing to undo: the file is the pristine copy.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, TypeVar

import torch
from torch import nn

from diffusion.adapters.loaded import LOADED
from diffusion.device import Device, choose_device, speaking_of_memory
from diffusion.errors import OutOfMemory
from diffusion.families.family import Target
from diffusion.files.folders import ModelFolders
from diffusion.handle import ControlHandle, ModelHandle, Patched, TextHandle, VaeHandle, Weights
from diffusion.latent import LatentSpace
from diffusion.model_files import ModelFile, ModelFiles
from diffusion.recipes import Recipe, Recipes, component_of, files_of
from diffusion.slot import Slot

Handle = ModelHandle | TextHandle | VaeHandle | ControlHandle
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
        self._folders = folders
        self._files = ModelFiles(folders)
        self._recipes = Recipes(folders, self._files)
        self._slots: list[Slot] = []  # least recently used first
        self._consumers: list[Callable[[int], object]] = []
        self._lock = threading.RLock()

    @property
    def device(self) -> torch.device:
        """Where models run."""
        return self._device.place

    @property
    def folders(self) -> ModelFolders:
        """Where models and adapters lie."""
        return self._folders

    def config(self, handle: Handle) -> Any:
        """The configuration of a model: UnetConfig, ClipConfig, VaeConfig or ControlConfig."""
        opened = self._opened(handle)
        return opened.family.config(component_of(handle.weights), opened.header)

    def space(self, handle: Handle) -> LatentSpace:
        """What the numbers of the latents mean that a model works on."""
        opened = self._opened(handle)
        return opened.family.space(opened.header)

    def targets(self, handle: Handle) -> Mapping[str, Target]:
        """The weights adapters can change, by canonical name."""
        return self._recipes.targets(handle.weights, handle.family)

    def pristine(self, handle: Handle) -> Mapping[str, Recipe]:
        """How a model's weights come about without the adapters on them, by canonical name."""
        weights = handle.weights
        return self._recipes.of(weights.base if isinstance(weights, Patched) else weights, handle.family)

    def unsound(self, handle: Handle) -> str | None:
        """The canonical name of a resident model's first weight that holds what is no number; None where all are."""
        slot = next((slot for slot in self._slots if slot.weights == handle.weights), None)
        names = self._recipes.of(handle.weights, handle.family) if slot is not None else ()
        return next((name for name in names if slot is not None and not slot.is_finite(name)), None)

    @contextmanager
    def resident(self, handle: Handle, stop: Stop | None = None) -> Iterator[nn.Module]:
        """The model as a module, with exactly this handle's weights, for as long as the block lasts.

        ``stop`` is called before every block of the network and for every weight that is written; what it raises
        passes through. Raises OutOfMemory, UnreadableFile or what adapters and block patches raise.
        """
        with self._lock:
            slot = self._filled(handle, stop or _go_on)
            slot.users += 1
            try:
                with ExitStack() as hooks, speaking_of_memory(self.device, f"running the {slot.title}"):
                    if stop is not None:
                        hooks.enter_context(slot.stopping(stop))
                    if isinstance(handle, ModelHandle):
                        for patch in handle.block_patches:
                            hooks.enter_context(patch.attached(slot.module, self._folders))
                    yield slot.module
            except OutOfMemory:
                self._release_everything()
                raise
            finally:
                slot.users -= 1

    def run(self, handle: Handle, function: Callable[[nn.Module], Result], stop: Stop | None = None) -> Result:
        """Call ``function`` with the resident module; when memory is short, release other models and try once more."""
        try:
            return self._run(handle, function, stop)
        except OutOfMemory:
            pass  # what could be released has been; whatever the failed attempt held is released by leaving this block
        return self._run(handle, function, stop)

    def forget(self) -> None:
        """Drop every model that is not in use, and every adapter, and close all files."""
        with self._lock:
            self._drop(self._idle())
            self._files.close()
            LOADED.forget()

    def add_consumer(self, free: Callable[[int], object]) -> None:
        """Register who else keeps main memory: when it is short, ``free(size)`` is called with the bytes wanted."""
        self._consumers.append(free)

    def held(self) -> int:
        """Bytes of weights on the device."""
        return sum(slot.size for slot in list(self._slots))

    def files(self) -> list[str]:
        """The files that the weights on the device are of, as ``<folder>/<name>``."""
        return sorted({file.path for slot in list(self._slots) for file in slot.files[1]})

    def state(self) -> dict[str, Any]:
        """The device, and bytes of its memory: all, still free, and held by weights."""
        return self._device.state() | {"weights": self.held()}

    def _opened(self, handle: Handle) -> ModelFile:
        """The file a model takes its configuration from."""
        return self._files.open(files_of(handle.weights)[0], handle.family)

    def _run(self, handle: Handle, function: Callable[[nn.Module], Result], stop: Stop | None) -> Result:
        with self.resident(handle, stop) as module:
            return function(module)

    def _filled(self, handle: Handle, stop: Stop) -> Slot:
        try:
            with speaking_of_memory(self.device, "loading a model"):
                return self._fill(handle, stop)
        except OutOfMemory:
            self._release_everything()
            raise

    def _fill(self, handle: Handle, stop: Stop) -> Slot:
        """A module with this handle's weights, listed as the most recently used."""
        slot = next((slot for slot in self._slots if slot.weights == handle.weights), None)
        if slot is None:
            recipes = self._recipes.of(handle.weights, handle.family)
            slot = self._find(handle.weights, recipes) or self._build(handle)
            self._write(slot, handle.weights, recipes, stop)
        self._slots.remove(slot)
        self._slots.append(slot)
        return slot

    def _find(self, weights: Weights, recipes: Mapping[str, Recipe]) -> Slot | None:
        """A resident module of the same files; one that is in use only if nothing of it need be changed."""
        fitting = [slot for slot in self._slots if slot.files == (component_of(weights), frozenset(files_of(weights)))]
        return next(
            (slot for slot in fitting if slot.holds(recipes)),
            next((slot for slot in fitting if not slot.users), None),
        )

    def _write(self, slot: Slot, weights: Weights, recipes: Mapping[str, Recipe], stop: Stop) -> None:
        try:
            written = slot.write(weights, recipes, stop)
        except BaseException:
            if not slot.complete:  # a module that was never whole is of no use to anybody
                self._drop([slot])
            raise
        # A file that was read as a whole is not read again soon; one whose weights are being patched is.
        self._files.release(pages=written == len(recipes))

    def _build(self, handle: Handle) -> Slot:
        """A module without weights, for which room has been made."""
        component = component_of(handle.weights)
        part, config = self._opened(handle).family.parts[component], self.config(handle)
        with torch.device("meta"):
            module = part.build(config)
        files = (component, frozenset(files_of(handle.weights)))
        slot = Slot(part, module, files, self.device, self._device.dtypes[component])
        self._device.release()
        self._make_room(slot.size)
        self._slots.append(slot)
        return slot

    def _make_room(self, size: int) -> None:
        """Release what can be, in order of rank, until ``size`` bytes fit; text encoders before a large model."""
        if size >= LARGE:
            self._drop([slot for slot in self._idle() if slot.component == "text"])
        for release in self._releases(size):
            if not self._lacks(size):
                return
            release()

    def _release_everything(self) -> None:
        for release in self._releases(sys.maxsize):
            release()

    def _releases(self, size: int) -> Iterator[Callable[[], object]]:
        """What can give memory back: other models, least recently used first, other consumers, text encoders."""
        for slot in [slot for slot in self._idle() if slot.component != "text"]:
            yield partial(self._drop, [slot])
        if self.device.type != "cuda":  # what is kept elsewhere lies in main memory
            for free in self._consumers:
                yield partial(free, size)
        yield LOADED.forget
        for slot in [slot for slot in self._idle() if slot.component == "text"]:
            yield partial(self._drop, [slot])

    def _idle(self) -> list[Slot]:
        return [slot for slot in self._slots if not slot.users]

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
