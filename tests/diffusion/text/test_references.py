import subprocess
import sys

import pytest
import torch
from safetensors.torch import save_file

from diffusion.files.folders import ModelFolders
from diffusion.text.encode import files_named
from diffusion.text.references import references


@pytest.fixture
def folders(tmp_path):
    embeddings = tmp_path / "models" / "embeddings"
    for name in (
        "teal.safetensors",
        "teal.pt",
        "old.pt",
        "styles/ink.safetensors",
        "v1.pt",
        "odd,.bin",
        "a/same.pt",
        "b/same.pt",
    ):
        path = embeddings / name
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file({"emb_params": torch.zeros(1, 4)}, path)
    return ModelFolders(tmp_path)


def read(text, folders):
    return [
        part if isinstance(part, str) else (part.name, part.file and part.file.path)
        for part in references(text, folders)
    ]


def test_a_text_without_embeddings_is_words(folders):
    assert read("a cat, embedded", folders) == ["a cat, embedded"]


def test_an_embedding_is_named_at_the_start_and_after_white_space(folders):
    teal = ("teal", "embeddings/teal.safetensors")
    assert read("embedding:teal", folders) == [teal]
    assert read("a cat embedding:teal on\nembedding:teal", folders) == ["a cat", teal, "on", teal]


def test_inside_a_word_it_is_text(folders):
    assert read("notembedding:teal", folders) == ["notembedding:teal"]


def test_the_ending_may_be_written_or_left_out(folders):
    assert read("embedding:teal.pt", folders) == [("teal.pt", "embeddings/teal.pt")]
    assert read("embedding:old", folders) == [("old", "embeddings/old.pt")]


def test_a_sub_folder_may_be_written_with_either_slash_or_left_out(folders):
    for name in ("styles/ink", "styles\\ink", "ink"):
        assert read(f"embedding:{name}", folders) == [(name, "embeddings/styles/ink.safetensors")]


def test_commas_after_a_name_are_words_unless_the_file_is_called_so(folders):
    assert read("embedding:teal, a cat", folders) == [("teal", "embeddings/teal.safetensors"), ", a cat"]
    assert read("embedding:odd, a cat", folders) == [("odd,", "embeddings/odd,.bin"), "a cat"]


def test_a_missing_one_is_reported_with_near_names(folders):
    (missing, rest) = references("embedding:taal, a cat", folders)
    assert missing.file is None
    assert missing.note == "'embedding:taal' was left out: there is no such file in embeddings. Near names: teal."
    assert rest == ", a cat"


def test_a_dot_in_a_name_is_not_an_ending(folders):
    assert read("embedding:v1.3", folders) == [("v1.3", None)]


def test_another_spelling_is_found_and_said(folders):
    (found,) = references("embedding:TEAL.safetensors", folders)
    assert found.file.path == "embeddings/teal.safetensors"
    assert found.note == "'embedding:TEAL.safetensors' was found as teal.safetensors."


def test_a_name_that_fits_several_files_is_none_of_them(folders):
    (ambiguous,) = references("embedding:same", folders)
    assert ambiguous.file is None
    assert "it could be a/same.pt, b/same.pt" in ambiguous.note


def test_no_name_at_all_is_reported(folders):
    (nothing,) = references("embedding: ", folders)
    assert nothing.file is None
    assert nothing.note == "'embedding:' is followed by no name, so it was left out."


def test_a_name_cannot_leave_the_folder(folders):
    (folders.base_directory / "models" / "secret.pt").touch()
    assert read("embedding:../secret.pt", folders) == [("../secret.pt", None)]


def test_files_named_lists_each_existing_file_once(folders):
    prompt = "(embedding:teal:1.2) and embedding:old, embedding:none embedding:teal"
    assert [file.path for file in files_named(prompt, folders)] == ["embeddings/teal.safetensors", "embeddings/old.pt"]


def test_files_named_needs_no_torch(folders):
    code = (
        "import sys; from pathlib import Path\n"
        "from diffusion.files.folders import ModelFolders; from diffusion.text.encode import files_named\n"
        f"assert files_named('embedding:teal', ModelFolders({str(folders.base_directory)!r}))\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
