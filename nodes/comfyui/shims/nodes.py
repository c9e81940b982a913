"""``nodes``: the one number that packs take from it."""

MAX_RESOLUTION = 16384
