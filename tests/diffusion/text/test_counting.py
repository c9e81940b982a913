"""Tokens are counted as the text encoder will lay them out."""

from pathlib import Path

import pytest

from diffusion.files.folders import ModelFolders
from diffusion.text.counting import count_tokens

FOLDERS = ModelFolders(Path(__file__).parents[3])  # with the embedding that comes with the program


@pytest.mark.parametrize(
    ("prompt", "rules", "count", "chunks"),
    [
        ("", "default", 0, 1),
        ("a red cat", "default", 3, 1),
        ("a (red:1.5) cat", "default", 3, 1),
        ("cat " * 75, "default", 75, 1),
        ("cat " * 76, "default", 76, 2),
        ("a cat embedding:teal", "default", 3, 1),
        ("a cat teal", "a1111", 3, 1),
        ("one BREAK two", "a1111", 2, 2),
        ("a long one AND b", "a1111", 3, 1),
        ("[a:b c d:0.5]", "a1111", 3, 1),
    ],
)
def test_a_prompt_has_as_many_tokens_as_its_longest_text(prompt, rules, count, chunks):
    counted = count_tokens(prompt, FOLDERS, rules)
    assert (counted.count, counted.chunks, counted.limit) == (count, chunks, 75 * chunks)
    assert counted.unknown == ()


def test_embeddings_that_are_not_there_are_named_once():
    assert count_tokens("embedding:gone and embedding:gone embedding:lost", FOLDERS).unknown == ("gone", "lost")


def test_an_embedding_without_a_header_counts_as_one_vector(tmp_path):
    (tmp_path / "models/embeddings").mkdir(parents=True)
    (tmp_path / "models/embeddings/old.pt").write_bytes(b"PK\x03\x04")
    assert count_tokens("a embedding:old", ModelFolders(tmp_path)).count == 2
