"""``folder_paths``: where models, inputs and outputs are, by name."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from diffusion.errors import DiffusionError
from diffusion.files.folders import ModelFolders
from nodes.comfyui.declaration import FileNames

ALIASES = {"unet": "diffusion_models", "clip": "text_encoders"}


@dataclass(frozen=True)
class Folders:
    """The places that packs may ask for."""

    base: Path
    models: ModelFolders
    input: Path
    output: Path
    temp: Path


_folders: list[Folders] = []


def use(folders: Folders) -> None:
    """Answer for these folders from now on."""
    _folders[:] = [folders]


def _now() -> Folders:
    if not _folders:
        raise RuntimeError("folder_paths is asked before packs are loaded")
    return _folders[0]


def get_filename_list(folder_name: str) -> list[str]:
    """Names of the model files of one kind."""
    kind = _kind(folder_name)
    return FileNames(kind, _now().models.names(kind))


def get_full_path(folder_name: str, filename: str) -> str | None:
    """Where a model file is; None if it is nowhere."""
    models, kind = _now().models, _kind(folder_name)
    try:
        found = models.find(kind, filename)
        return None if found is None else str(models.path(kind, found))
    except DiffusionError:  # the name means several files: no one path
        return None


def get_full_path_or_raise(folder_name: str, filename: str) -> str:
    path = get_full_path(folder_name, filename)
    if path is None:
        raise FileNotFoundError(f"there is no {filename!r} among the {folder_name}")
    return path


def get_folder_paths(folder_name: str) -> list[str]:
    return [str(root) for root in _now().models.roots(_kind(folder_name))]


def get_input_directory() -> str:
    return str(_now().input)


def get_output_directory() -> str:
    return str(_now().output)


def get_temp_directory() -> str:
    return str(_now().temp)


def get_directory_by_type(type_name: str) -> str | None:
    places = {"output": _now().output, "input": _now().input, "temp": _now().temp}
    return str(places[type_name]) if type_name in places else None


def get_annotated_filepath(name: str, default_dir: str | None = None) -> str:
    """The path of ``picture.png [input]``. Raises ValueError for one that leads outside its folder."""
    plain, root = _annotated(name)
    root = root or default_dir or get_input_directory()
    return str(_contained(Path(root), plain))


def exists_annotated_filepath(name: str) -> bool:
    try:
        return os.path.isfile(get_annotated_filepath(name))
    except ValueError:
        return False


def annotated_filepath(name: str) -> tuple[str, str | None]:
    return _annotated(name)


def filter_files_content_types(files: Sequence[str], content_types: Sequence[str]) -> list[str]:
    """Those names whose ending is that of one of the kinds ``image``, ``video``, ``audio``, ``model``."""
    import mimetypes

    return [name for name in files if (mimetypes.guess_type(name)[0] or "").partition("/")[0] in content_types]


def get_save_image_path(
    filename_prefix: str, output_dir: str, image_width: int = 0, image_height: int = 0
) -> tuple[str, str, int, str, str]:
    """Where the next file of a prefix goes: folder, name, counter, subfolder, prefix. Raises ValueError outside."""
    prefix = filename_prefix.replace("%width%", str(image_width)).replace("%height%", str(image_height))
    target = _contained(Path(output_dir), prefix)
    subfolder = os.path.relpath(target.parent, Path(output_dir).resolve())
    target.parent.mkdir(parents=True, exist_ok=True)
    numbers = [_number(path.name, target.name) for path in target.parent.iterdir()]
    return str(target.parent), target.name, max(numbers, default=0) + 1, "" if subfolder == "." else subfolder, prefix


def _number(name: str, prefix: str) -> int:
    rest = name.removeprefix(f"{prefix}_").split("_")[0].split(".")[0] if name.startswith(f"{prefix}_") else ""
    return int(rest) if rest.isdecimal() else 0


def _annotated(name: str) -> tuple[str, str | None]:
    for kind in ("output", "input", "temp"):
        if name.endswith(f" [{kind}]"):
            return name.removesuffix(f" [{kind}]"), get_directory_by_type(kind)
    return name, None


def _contained(root: Path, name: str) -> Path:
    path = (root.resolve() / name.replace("\\", "/")).resolve()
    if not path.is_relative_to(root.resolve()):
        raise ValueError(f"{name!r} leads outside its folder")
    return path


def _kind(folder_name: str) -> str:
    return ALIASES.get(folder_name, folder_name)


def __getattr__(name: str) -> object:
    if name == "models_dir":
        return str(_now().base / "models")
    if name == "base_path":
        return str(_now().base)
    if name == "folder_names_and_paths":
        models = _now().models
        return {kind: ([str(root) for root in models.roots(kind)], set()) for kind in models.kinds()}
    if name == "supported_pt_extensions":
        return {".ckpt", ".pt", ".bin", ".pth", ".safetensors"}
    raise AttributeError(f"module 'folder_paths' has no attribute {name!r}")
