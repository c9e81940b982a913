import pytest

from diffusion.files.folders import ModelFolders
from diffusion.text.bare_names import bare_names, named_in
from diffusion.text.tokenizer import tokenize


@pytest.fixture
def folders(tmp_path):
    for name in ("teal.safetensors", "teal-dark.pt", "bad_hands-5.pt", "a/same.pt", "b/same.pt"):
        path = tmp_path / "models" / "embeddings" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"not read here")
    return ModelFolders(tmp_path)


def read(text, folders):
    parts = named_in(tokenize(text), bare_names(folders), folders)
    return [part if isinstance(part, tuple) and not hasattr(part, "file") else part.file.path for part in parts]


def test_a_files_name_among_the_words_is_the_file(folders):
    assert read("a cat, teal, on", folders) == [tokenize("a cat,"), "embeddings/teal.safetensors", tokenize(", on")]


def test_case_makes_no_difference(folders):
    assert read("TEAL", folders) == ["embeddings/teal.safetensors"]


def test_the_longest_name_wins(folders):
    assert read("teal-dark teal", folders) == ["embeddings/teal-dark.pt", "embeddings/teal.safetensors"]


def test_a_part_of_a_word_is_no_name(folders):
    assert read("tealish", folders) == [tokenize("tealish")]


def test_names_of_several_tokens(folders):
    assert read("bad_hands-5", folders) == ["embeddings/bad_hands-5.pt"]


def test_of_two_files_of_one_name_the_first_is_taken_and_said(folders):
    (same,) = named_in(tokenize("same"), bare_names(folders), folders)
    assert same.file.path == "embeddings/a/same.pt"
    assert same.note == "'same' is in embeddings as a/same.pt and b/same.pt; the first was taken."
