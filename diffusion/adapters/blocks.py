"""Block weights: a factor for an adapter's strength in each block of a U-Net, as one list of numbers.

The lists people share have 26 numbers (BASE, IN00–IN11, M00, OUT00–OUT11), 25 without BASE, or 17 with the blocks of
Stable Diffusion 1.x that have attention; for SDXL 20 and 12. BASE is the text encoder and what lies in no block. Common
lists go by names: INS, IND and INALL are the shallow, the deep and all input blocks, OUTD, OUTS and OUTALL those of the
output, MIDD the deep ones around the middle, ALL and NONE every block.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import isfinite

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
ALL = LISTS[26]
LISTS[25] = ALL[1:]
"""Lists of merging tools, which leave BASE as it is."""
ATTENTIVE = LISTS[17]
PRESETS: Mapping[str, tuple[str, ...]] = {
    "NONE": (),
    "ALL": ALL,
    "INS": ("BASE", "IN01", "IN02"),
    "IND": ("BASE", "IN05", "IN07", "IN08"),
    "INALL": ATTENTIVE[:7],
    "MIDD": ("BASE", "IN05", "IN07", "IN08", "M00", "OUT03", "OUT04", "OUT05", "OUT06"),
    "OUTD": ("BASE", "OUT03", "OUT04", "OUT05", "OUT06"),
    "OUTS": ("BASE", "OUT07", "OUT08", "OUT09", "OUT10", "OUT11"),
    "OUTALL": ("BASE", *ATTENTIVE[8:]),
}
"""Name → the blocks that it leaves in."""
BLOCK = re.compile(r"(?:^|\.)(input|middle|output)_blocks?\.(\d+)\.")
NAMES = {"input": "IN", "output": "OUT"}


def block_weights(text: str) -> Mapping[str, float]:
    """Block → factor, from a preset's name or numbers separated by commas; blocks that a list leaves out have 0.

    Raises AdapterMismatch for a list of another length, or of what are no numbers.
    """
    preset = PRESETS.get(text.strip().upper())
    if preset is not None:
        return {label: float(label in preset) for label in ALL}
    try:
        factors = [float(number) for number in text.split(",")]
    except ValueError as error:
        names = ", ".join(PRESETS)
        raise AdapterMismatch(
            f"Block weights are numbers separated by commas, or one of {names}; {text!r} is neither."
        ) from error
    if not all(map(isfinite, factors)):
        raise AdapterMismatch(f"Block weights are finite numbers; {text!r} is not.")
    if len(factors) not in LISTS:
        lengths = ", ".join(map(str, sorted(LISTS)))
        raise AdapterMismatch(f"There are lists of {lengths} block weights; {text!r} has {len(factors)}.")
    listed = dict(zip(LISTS[len(factors)], factors, strict=True))
    base = 1.0 if len(factors) == len(ALL) - 1 else 0.0
    return {label: listed.get(label, base if label == "BASE" else 0.0) for label in ALL}


def blocks_option(text: str) -> tuple[tuple[str, str], ...]:
    """What `Applied.options` says for block weights: nothing where all are 1, so that equal ones are written alike.

    Raises AdapterMismatch.
    """
    factors = block_weights(text).values()
    return (
        () if all(factor == 1 for factor in factors) else (("blocks", ",".join(f"{factor:g}" for factor in factors)),)
    )


def block_of(component: Component, file_name: str) -> str:
    """The block a weight lies in, by its name in the checkpoint file."""
    found = BLOCK.search(file_name) if component == "model" else None
    if found is None:
        return "BASE"
    return "M00" if found[1] == "middle" else f"{NAMES[found[1]]}{int(found[2]):02}"
