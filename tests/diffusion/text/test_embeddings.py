import pytest
import torch
from safetensors.torch import save_file

from diffusion.errors import UnreadableFile
from diffusion.files.folders import ModelFolders
from diffusion.text.embeddings import WrongWidth, read_embedding

WIDTH = 8
ROWS = torch.arange(16.0).reshape(2, WIDTH)


@pytest.fixture
def read(tmp_path):
    """Save what a trainer would and read it for a text encoder 8 numbers wide."""

    def save_and_read(content, name="style.safetensors"):
        path = tmp_path / "models" / "embeddings" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith(".safetensors"):
            save_file(content, path)
        else:
            torch.save(content, path)
        folders = ModelFolders(tmp_path)
        return read_embedding(folders, folders.ref("embeddings", name), WIDTH)

    return save_and_read


def test_a_single_tensor_of_any_name(read):
    assert read({"emb_params": ROWS}).equal(ROWS)
    assert read({"<cat-toy>": ROWS}).equal(ROWS)


def test_one_vector_without_an_axis_of_its_own(read):
    assert read({"<cat-toy>": ROWS[0]}).equal(ROWS[:1])


def test_half_precision_is_read_as_float32(read):
    assert read({"emb_params": ROWS.half()}).equal(ROWS)


def test_the_original_pickled_form(read):
    content = {"string_to_token": {"*": 265}, "string_to_param": {"*": ROWS}, "name": "style", "step": 9}
    assert read(content, "style.pt").equal(ROWS)


def test_a_pickled_dictionary_of_one_placeholder(read):
    assert read({"<cat-toy>": ROWS[0]}, "learned_embeds.bin").equal(ROWS[:1])


def test_of_two_encoders_vectors_those_of_this_width_are_taken(read):
    assert read({"clip_g": torch.ones(2, 12), "clip_l": ROWS}).equal(ROWS)


def test_a_list_of_dictionaries_is_joined(read):
    content = [{"a": ROWS}, {"b": torch.ones(1, 12)}, {"c": ROWS[:1]}]
    assert read(content, "style.pt").equal(torch.cat([ROWS, ROWS[:1]]))


def test_one_bundled_in_an_adapter_file(read):
    content = {
        "lora_unet_x.alpha": torch.tensor(1.0),
        "bundle_emb.style.string_to_param.*": ROWS,
        "lora_unet_x.lora_up.weight": ROWS + 1,
    }
    assert read(content).equal(ROWS)


def test_another_width_is_refused_with_both_numbers(read):
    with pytest.raises(WrongWidth, match=r"embeddings/style.safetensors .* 12 or 16 numbers wide, and this one is 8 "):
        read({"clip_g": torch.ones(2, 16), "clip_l": torch.ones(2, 12)})


def test_several_inversions_in_one_file_are_refused_by_name(read):
    with pytest.raises(UnreadableFile, match="several textual inversions: <a>, <b>"):
        read({"<a>": ROWS, "<b>": ROWS + 1})


def test_a_file_without_vectors_is_refused(read):
    with pytest.raises(UnreadableFile, match="no textual inversion"):
        read({"conv": torch.zeros(2, 2, 2, 2)})


def test_nan_is_refused(read):
    with pytest.raises(UnreadableFile, match="damaged"):
        read({"emb_params": ROWS.log()})
