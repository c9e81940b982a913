"""The ``Hashes`` that model sites know a picture's resources by: short digests of files, by what each one was for."""

import re
from collections.abc import Callable, Iterable

EMBEDDING = re.compile(r"embedding:([^\s,():\[\]]+)")
LONGEST = {"loras": 12}
USUAL = 10  # digits


def resource_hashes(
    checkpoint: str | None,
    vae: str | None,
    loras: Iterable[str],
    prompts: Iterable[str],
    hash_of: Callable[[str, str], str | None],
) -> dict[str, str]:
    """``{"model": …, "vae": …, "lora:<stem>": …, "embed:<stem>": …}``; what has no file here is left out."""
    named = [("model", "checkpoints", checkpoint), ("vae", "vae", vae)]
    named += [(f"lora:{stem(name)}", "loras", name) for name in loras]
    embeddings = (name for prompt in prompts for name in EMBEDDING.findall(prompt))
    named += [(f"embed:{stem(name)}", "embeddings", name) for name in embeddings]
    hashes = {}
    for resource, kind, name in named:
        digest = hash_of(kind, name) if name else None
        if digest:
            hashes[resource] = digest[: LONGEST.get(kind, USUAL)]
    return hashes


def stem(name: str) -> str:
    """The last part of a file's name without its ending, if it has one that models have."""
    last = re.split(r"[\\/]", name)[-1]
    return re.sub(r"\.(safetensors|sft|ckpt|pt|pth|bin|gguf)$", "", last, flags=re.IGNORECASE)
