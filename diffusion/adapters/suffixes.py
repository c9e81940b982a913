"""What trainers write after a module's name, and the role each such tensor plays. No module name is read here."""

from __future__ import annotations

from collections.abc import Mapping

SUFFIXES = {
    # kohya, LyCORIS
    "lora_up.weight": "up",
    "lora_down.weight": "down",
    "lora_mid.weight": "mid",
    # PEFT and diffusers: B is up, A is down
    "lora_B.weight": "up",
    "lora_A.weight": "down",
    "lora_B": "up",
    "lora_A": "down",
    "lora_B.bias": "up_bias",
    "lora_magnitude_vector": "magnitude",
    "lora_magnitude_vector.weight": "magnitude",
    # older diffusers; the attention processors' and XLabs' forms end in up.weight after a name of their own
    "lora.up.weight": "up",
    "lora.down.weight": "down",
    "lora_linear_layer.up.weight": "up",
    "lora_linear_layer.down.weight": "down",
    "up.weight": "up",
    "down.weight": "down",
    # every kind
    "alpha": "alpha",
    "scale": "scale",
    "dora_scale": "dora_scale",
    "diff": "diff",
    "diff_b": "diff_b",
    "w_norm": "diff",
    "b_norm": "diff_b",
    "bias_indices": "bias_indices",
    "bias_values": "bias_values",
    "bias_size": "bias_size",
    "hada_w1_a": "hada_w1_a",
    "hada_w1_b": "hada_w1_b",
    "hada_w2_a": "hada_w2_a",
    "hada_w2_b": "hada_w2_b",
    "hada_t1": "hada_t1",
    "hada_t2": "hada_t2",
    "lokr_w1": "lokr_w1",
    "lokr_w1_a": "lokr_w1_a",
    "lokr_w1_b": "lokr_w1_b",
    "lokr_w2": "lokr_w2",
    "lokr_w2_a": "lokr_w2_a",
    "lokr_w2_b": "lokr_w2_b",
    "lokr_t1": "lokr_t1",
    "lokr_t2": "lokr_t2",
    "oft_blocks": "oft_blocks",
    "boft_R": "boft_r",
    "boft_s": "boft_s",
    "rescale": "rescale",
    "oft_R.weight": "oft_r",
    "oft_R": "oft_r",
    "oft_r": "oft_r",
    "a1.weight": "a1",
    "a2.weight": "a2",
    "b1.weight": "b1",
    "b2.weight": "b2",
    "bm.weight": "bm",
    "weight": "weight",
    "on_input": "on_input",
    "ia3_l": "ia3_l",
}

# PEFT puts the adapter's name, "default" unless somebody chose another, after these.
NAMED = {
    suffix: role
    for suffix, role in SUFFIXES.items()
    if suffix.startswith(("lora_A", "lora_B", "lora_magnitude", "hada_", "lokr_", "oft_R", "oft_r", "boft_", "ia3_"))
}
NUMBERED = "oft_blocks"
"""Of a fused matrix kohya's trainer writes these part by part: ``oft_blocks.0``, ``oft_blocks.1`` …"""


def split_number(key: str) -> tuple[str, int | None]:
    """A key without the number of the part that it is for, and that number, or None."""
    whole, _, number = key.rpartition(".")
    return (whole, int(number)) if number.isdecimal() and whole.endswith(f".{NUMBERED}") else (key, None)


def split_key(key: str) -> tuple[str, str] | None:
    """(module as the file spells it, role), or None when no trainer we know writes such a key."""
    parts = key.split(".")
    without_name = (parts[:-2] + parts[-1:], parts[:-1])  # lora_A.style.weight and hada_w1_a.style
    return (
        _split(parts, SUFFIXES, 3)
        or _split(parts, SUFFIXES, 2)
        or _split(without_name[0], NAMED, 2)
        or _split(without_name[1], NAMED, 1)
        or _split(parts, SUFFIXES, 1)
    )


def _split(parts: list[str], suffixes: Mapping[str, str], length: int) -> tuple[str, str] | None:
    role = suffixes.get(".".join(parts[-length:])) if len(parts) > length else None
    return (".".join(parts[:-length]), role) if role else None
