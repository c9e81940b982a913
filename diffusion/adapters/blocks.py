"""Block weights: a factor for an adapter's strength in each block of a U-Net, as one list of numbers.

The lists people share have 26 numbers (BASE, IN00–IN11, M00, OUT00–OUT11), or 17 with the blocks of Stable Diffusion
1.x that have attention; for SDXL 20 and 12. BASE is the text encoder and what lies in no block.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from diffusion.errors import AdapterMismatch
from diffusion.handle import Component


def _labels(inputs: str, outputs: str) -> tuple[str, ...]:
    numbers = ([f"IN{n:0>2}" for n in inputs.split()], [f"OUT{n:0>2}" for n in outputs.split()])
    return ("BASE", *numbers[0], "M00", *numbers[1])


LISTS = {
    len(labels): labels
    for labels in (
        _labels("0 1 2 3 4 5 6 7 8 9 10 11", "0 1 2 3 4 5 6 7 8 9 10 11"),
        _labels("1 2 4 5 7 8", "3 4 5 6 7 8 9 10 11"),
        _labels("0 1 2 3 4 5 6 7 8", "0 1 2 3 4 5 6 7 8"),
        _labels("4 5 7 8", "0 1 2 3 4 5"),
    )
}
BLOCK = re.compile(r"(?:^|\.)(input|middle|output)_blocks?\.(\d+)\.")
NAMES = {"input": "IN", "output": "OUT"}


def block_weights(text: str) -> Mapping[str, float]:
    """Block → factor, from numbers separated by commas; blocks that the list leaves out have 0.

    Raises AdapterMismatch for a list of another length, or of what are no numbers.
    """
    try:
        factors = [float(number) for number in text.split(",")]
    except ValueError as error:
        raise AdapterMismatch(f"Block weights are numbers separated by commas; {text!r} is not.") from error
    if len(factors) not in LISTS:
        lengths = ", ".join(map(str, sorted(LISTS)))
        raise AdapterMismatch(f"There are lists of {lengths} block weights; {text!r} has {len(factors)}.")
    listed = dict(zip(LISTS[len(factors)], factors, strict=True))
    return {label: listed.get(label, 0.0) for label in LISTS[26]}


def block_of(component: Component, file_name: str) -> str:
    """The block a weight lies in, by its name in the checkpoint file."""
    found = BLOCK.search(file_name) if component == "model" else None
    if found is None:
        return "BASE"
    return "M00" if found[1] == "middle" else f"{NAMES[found[1]]}{int(found[2]):02}"
