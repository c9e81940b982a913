from pathlib import Path

import pytest

from diffusion.errors import UnreadableFile
from diffusion.files.extra_paths import from_extra_model_paths


@pytest.fixture
def base(tmp_path) -> Path:
    for name in ("one/Lora/a.safetensors", "one/LyCORIS/b.safetensors", "two/unet/c.safetensors"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    return tmp_path


def read(base: Path, text: str):
    (base / "extra_model_paths.yaml").write_text(text)
    return from_extra_model_paths(base / "own", base / "extra_model_paths.yaml")


def test_sections_list_folders_by_kind_one_a_line_below_their_base_path(base):
    folders = read(
        base,
        """
        webui:
            base_path: one/
            loras: |
                Lora
                LyCORIS
        other:
            base_path: two
            unet: unet/
        """,
    )
    assert folders.names("loras") == ["a.safetensors", "b.safetensors"]
    assert folders.names("diffusion_models") == ["c.safetensors"]


def test_a_default_section_comes_before_the_base_directory(base):
    folders = read(base, "webui:\n  base_path: one\n  is_default: true\n  loras: Lora\n")
    assert folders.roots("loras") == (base / "one" / "Lora", base / "own" / "models" / "loras")


def test_without_a_base_path_folders_are_relative_to_the_file(base):
    assert read(base, "webui:\n  loras: one/Lora\n").names("loras") == ["a.safetensors"]


def test_an_empty_file_and_an_empty_section_add_nothing(base):
    assert read(base, "").names("loras") == []
    assert read(base, "webui:\n").names("loras") == []


@pytest.mark.parametrize("text", ["- a\n- b\n", "webui: x\n", "webui: [\n"])
def test_a_file_of_another_shape_is_refused_by_name(base, text):
    with pytest.raises(UnreadableFile, match=r"^extra_model_paths\.yaml"):
        read(base, text)
