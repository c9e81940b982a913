"""Which device models run on, in which number formats, and what to say when its memory is full."""

from __future__ import annotations

import ctypes
import os
import platform
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from diffusion.errors import DiffusionError, OutOfMemory
from diffusion.handle import Component

DTYPES = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}
FULL: Mapping[Component, torch.dtype] = dict.fromkeys(("model", "text", "vae", "control"), torch.float32)
HALF: Mapping[Component, torch.dtype] = {**FULL, "model": torch.float16, "control": torch.float16}
"""Graphics cards run the networks in half precision; text encoder and VAE are small, and VAEs overflow in fp16."""
CONTROL_GROUP = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class Device:
    """Where models run, and the number format of each component."""

    place: torch.device
    dtypes: Mapping[Component, torch.dtype]

    def free_memory(self) -> int | None:
        """Bytes that can still be allocated; None where that cannot be known."""
        if self.place.type == "cuda":
            free, _ = torch.cuda.mem_get_info(self.place)
            return free + torch.cuda.memory_reserved(self.place) - torch.cuda.memory_allocated(self.place)
        if self.place.type == "mps":
            return torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory()
        return _free_main_memory()

    def total_memory(self) -> int | None:
        """Bytes that the device has; None where that cannot be known."""
        if self.place.type == "cuda":
            return torch.cuda.get_device_properties(self.place).total_memory
        if self.place.type == "mps":
            return torch.mps.recommended_max_memory()
        if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
            return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        return None

    def release(self) -> None:
        """Give freed memory back to the driver or the operating system."""
        if self.place.type == "cuda":
            torch.cuda.empty_cache()
        elif self.place.type == "mps":
            torch.mps.empty_cache()
        _trim_heap()

    @property
    def name(self) -> str:
        """What its maker calls it."""
        if self.place.type == "cuda":
            return torch.cuda.get_device_name(self.place)
        return platform.processor() or platform.machine()

    def state(self) -> dict[str, Any]:
        """The device and bytes of its memory, for programs."""
        return {
            "device": str(self.place),
            "name": self.name,
            "total": self.total_memory(),
            "free": self.free_memory(),
            "torch": torch.__version__,
        }

    def describe(self) -> dict[str, str]:
        """Device, memory, formats and versions as short texts."""
        free = self.free_memory()
        return {
            "device": f"{self.place} ({self.name})",
            "free memory": "unknown" if free is None else f"{free / 1e9:.1f} GB",
            "number formats": ", ".join(f"{part} {_short(dtype)}" for part, dtype in self.dtypes.items()),
            "threads": str(torch.get_num_threads()),
            "torch": torch.__version__,
            "python": platform.python_version(),
        }


def choose_device(name: str = "auto", dtype: str = "auto") -> Device:
    """The device called ``cpu``, ``cuda``, ``cuda:1`` or ``mps``; ``auto`` is the fastest there is.

    ``dtype`` is ``fp32``, ``fp16`` or ``bf16`` for all components, or ``auto``. Raises DiffusionError where the
    machine has no such device.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        place = torch.device(name)
    except RuntimeError as error:
        raise DiffusionError(
            f"There is no kind of device called {name!r}: use auto, cpu, cuda, cuda:1 or mps."
        ) from error
    _require(place)
    if dtype == "auto":
        return Device(place, FULL if place.type == "cpu" else HALF)
    if dtype not in DTYPES:
        raise DiffusionError(f"There is no number format called {dtype!r}: use auto, {', '.join(DTYPES)}.")
    return Device(place, dict.fromkeys(FULL, DTYPES[dtype]))


def _require(place: torch.device) -> None:
    if place.type == "cuda":
        count = torch.cuda.device_count()
        if (place.index or 0) >= count:
            built = "" if torch.backends.cuda.is_built() else " This PyTorch was built without CUDA."
            raise DiffusionError(f"There is no device {place}: {count} CUDA devices were found.{built} Use cpu.")
    elif place.type == "mps" and not torch.backends.mps.is_available():
        raise DiffusionError("There is no device mps: it needs a Mac with Apple silicon. Use cpu.")
    elif place.type not in ("cpu", "mps"):
        raise DiffusionError(f"Devices of the kind {place.type!r} are not supported: use auto, cpu, cuda or mps.")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception says that a device's memory is full; each allocator has its own way of saying so."""
    if isinstance(error, OutOfMemory | torch.OutOfMemoryError | MemoryError):
        return True
    text = str(error)
    return isinstance(error, RuntimeError) and any(
        words in text for words in ("out of memory", "can't allocate memory", "not enough memory")
    )


@contextmanager
def speaking_of_memory(place: torch.device, doing: str) -> Iterator[None]:
    """Turn any allocator's failure inside into one OutOfMemory sentence that says what was being done."""
    try:
        yield
    except Exception as error:
        if isinstance(error, OutOfMemory) or not is_out_of_memory(error):
            raise
        memory = "main memory" if place.type == "cpu" else f"memory on {place}"
        raise OutOfMemory(
            f"Not enough {memory} for {doing}. Try a smaller picture, a smaller batch or fewer models at once."
        ) from error


def _free_main_memory() -> int | None:
    """What the machine has left, or the container, whichever is less."""
    free: list[int] = []
    try:
        meminfo = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
        free.append(int(meminfo["MemAvailable"].split()[0]) * 1024)
    except (FileNotFoundError, KeyError):
        if hasattr(os, "sysconf") and "SC_AVPHYS_PAGES" in os.sysconf_names:
            free.append(os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    limit, used = CONTROL_GROUP / "memory.max", CONTROL_GROUP / "memory.current"
    if limit.exists() and used.exists() and (text := limit.read_text().strip()).isdecimal():
        free.append(int(text) - int(used.read_text()))
    return min(free, default=None)


def _trim_heap() -> None:
    """The C library keeps freed memory for itself; glibc can be asked to return it."""
    if sys.platform == "linux" and platform.libc_ver()[0] == "glibc":
        ctypes.CDLL("libc.so.6").malloc_trim(0)


def _short(dtype: torch.dtype) -> str:
    return next((name for name, known in DTYPES.items() if known is dtype), str(dtype))
