"""The usual ``extra_model_paths.yaml``: further model folders, by program and kind.

Each section names a program; ``base_path`` (relative to the file) and ``is_default`` are its settings, every other
key is a kind with one folder a line.
"""

from __future__ import annotations

import os
from pathlib import Path

import yaml

from diffusion.errors import UnreadableFile
from diffusion.files.folders import ModelFolders

OLD_KINDS = {"unet": "diffusion_models", "clip": "text_encoders", "t2i_adapter": "controlnet"}
Folders = dict[str, list[Path]]


def from_extra_model_paths(base_directory: Path, *files: Path) -> ModelFolders:
    """Model folders of a base directory and of those the files list. Raises UnreadableFile."""
    extra: Folders = {}
    preferred: Folders = {}
    for file in files:
        _read(file, extra, preferred)
    return ModelFolders(base_directory, extra, preferred)


def _read(file: Path, extra: Folders, preferred: Folders) -> None:
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UnreadableFile(f"{file.name} is not valid YAML: {error}") from error
    if not isinstance(document or {}, dict):
        raise UnreadableFile(f"{file.name} should hold sections, each a program with its folders by kind.")
    for section, settings in (document or {}).items():
        if settings is None:
            continue
        if not isinstance(settings, dict):
            raise UnreadableFile(f"{file.name}: section {section!r} should list folders by kind.")
        settings = dict(settings)
        base = _expand(file.parent, str(settings.pop("base_path", None) or "."))
        into = preferred if settings.pop("is_default", False) else extra
        for kind, folders in settings.items():
            known = into.setdefault(OLD_KINDS.get(str(kind), str(kind)), [])
            known += [_expand(base, line.strip()) for line in str(folders or "").splitlines() if line.strip()]


def _expand(base: Path, folder: str) -> Path:
    return Path(os.path.normpath(base / os.path.expandvars(os.path.expanduser(folder))))
