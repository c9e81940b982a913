"""A folder of adapter files that tests and benchmarks write."""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file

from diffusion.files.folders import ModelFolders


class Loras:
    """A folder of adapter files. Written tensors are random unless they are given."""

    def __init__(self, base: Path):
        self.folder = base / "models" / "loras"
        self.folder.mkdir(parents=True)
        self.folders = ModelFolders(base)
        self.random = torch.Generator().manual_seed(0)

    def rand(self, *shape, dtype=torch.float32):
        return torch.randn(shape, generator=self.random).div_(max(shape) ** 0.5).to(dtype)

    def write(self, name, tensors, metadata=None, config=None):
        """Tensors, or their shapes, as ``models/loras/<name>.safetensors``; the portable name is returned."""
        path = self.folder / f"{name}.safetensors"
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file(
            {
                key: value.clone() if isinstance(value, torch.Tensor) else self.rand(*value)
                for key, value in tensors.items()
            },
            path,
            metadata={"format": "pt", **(metadata or {})},
        )
        if config is not None:
            path.with_name("adapter_config.json").write_text(json.dumps(config))
        return f"{name}.safetensors"
