"""Hashes and sizes of the shipped files: `python -m tools.demo_model.manifest` writes them, a test compares them."""

import hashlib
import json
from pathlib import Path

MODELS = Path(__file__).parents[2] / "models"
MANIFEST = "manifest.json"


def shipped_files(models: Path) -> list[Path]:
    kinds = {".safetensors", ".pt"}
    return sorted(path for path in models.rglob("*") if path.suffix in kinds)


def measure(models: Path) -> dict[str, dict[str, str | int]]:
    """By path below the models directory."""
    table = {}
    for path in shipped_files(models):
        content = path.read_bytes()
        name = path.relative_to(models).as_posix()
        table[name] = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    return table


def read(models: Path = MODELS) -> dict[str, dict[str, str | int]]:
    return json.loads((models / MANIFEST).read_text())


def write(models: Path = MODELS) -> None:
    (models / MANIFEST).write_text(json.dumps(measure(models), indent=1) + "\n")


if __name__ == "__main__":
    write()
