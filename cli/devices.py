"""Which devices `serve` starts workers for, found out without importing torch."""

import os
import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

from cli.errors import CommandError

NAME = re.compile(r"auto|cpu|mps|cuda(:\d+)?")
BUILT_WITH = re.compile(r"^cuda\b[^=\n]*=\s*'", re.MULTILINE)
DRIVER = Path("/proc/driver/nvidia/gpus")


def choose_devices(words: str) -> tuple[str, ...]:
    """``auto`` is one worker per graphics card, or else one that chooses itself. Raises CommandError."""
    devices = tuple(word.strip() for word in words.split(","))
    unknown = [device for device in devices if NAME.fullmatch(device) is None]
    if unknown:
        raise CommandError(f"--devices takes auto, cpu, mps, cuda or cuda:0,cuda:1 …, not {unknown[0]!r}")
    if len(set(devices)) < len(devices):
        raise CommandError(f"--devices {words} names a device twice; one worker each is what there can be")
    if devices == ("auto",) and (cards := count_cards()) > 1 and is_built_for_cuda():
        return tuple(f"cuda:{number}" for number in range(cards))
    return devices


def count_cards() -> int:
    """How many NVIDIA cards this process may use."""
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is not None:
        return len([number for number in chosen.split(",") if number.strip() not in ("", "-1")])
    if DRIVER.is_dir():
        return sum(1 for _ in DRIVER.iterdir())
    if (program := shutil.which("nvidia-smi")) is None:
        return 0
    try:
        listed = subprocess.run([program, "-L"], capture_output=True, text=True, timeout=10, check=True).stdout
    except (OSError, subprocess.SubprocessError):  # a driver that does not answer has no cards for us
        return 0
    return sum(line.startswith("GPU ") for line in listed.splitlines())


def is_built_for_cuda() -> bool:
    """Whether the torch that is installed can use NVIDIA cards, by what its build says of itself."""
    found = find_spec("torch")
    if found is None or found.origin is None:
        return False
    return BUILT_WITH.search(Path(found.origin).with_name("version.py").read_text()) is not None
