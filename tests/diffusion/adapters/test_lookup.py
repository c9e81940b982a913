import pytest

from diffusion.adapters.lookup import files_mentioned, find_adapter
from diffusion.adapters.mentions import Mention
from diffusion.errors import FileNotInFolder
from diffusion.files.identity import autov2, autov3

TENSORS = {"lora_unet_x.lora_up.weight": (4, 2), "lora_unet_x.lora_down.weight": (2, 4)}


@pytest.mark.parametrize("name", ["styles/neon.safetensors", "styles\\neon.safetensors", "neon.safetensors", "neon"])
def test_a_file_is_found_by_its_path_and_by_its_stem(name, loras):
    loras.write("styles/neon", TENSORS)
    assert find_adapter(loras.folders, name) == "styles/neon.safetensors"


def test_a_file_is_found_by_the_alias_its_trainer_gave_it(loras):
    loras.write("civitai-12345", TENSORS, {"ss_output_name": "Neon"})
    assert find_adapter(loras.folders, "neon") == "civitai-12345.safetensors"


def test_a_file_name_comes_before_another_files_alias(loras):
    loras.write("other", TENSORS, {"ss_output_name": "neon"})
    loras.write("neon", TENSORS)
    assert find_adapter(loras.folders, "neon") == "neon.safetensors"


def test_an_alias_that_two_files_share_is_an_error_listing_both(loras):
    loras.write("one", TENSORS, {"ss_output_name": "neon"})
    loras.write("two", TENSORS, {"ss_output_name": "neon"})
    with pytest.raises(FileNotInFolder, match=r"ambiguous .* one\.safetensors, two\.safetensors"):
        find_adapter(loras.folders, "neon")


def test_a_file_is_found_by_the_hash_its_trainer_recorded(loras):
    loras.write("one", TENSORS, {"sshs_model_hash": "0123456789abcdef"})
    loras.write("two", TENSORS, {"sshs_model_hash": "fedcba9876543210"})
    assert find_adapter(loras.folders, "0123456789AB") == "one.safetensors"


@pytest.mark.parametrize("of", [autov2, autov3])
def test_a_file_is_found_by_the_hashes_that_model_sites_show(of, loras):
    loras.write("one", TENSORS)
    path = loras.folder / loras.write("two", TENSORS)
    assert find_adapter(loras.folders, of(path)) == "two.safetensors"


def test_a_damaged_neighbour_does_not_stand_in_the_way(loras):
    (loras.folder / "broken.safetensors").write_bytes(b"")
    loras.write("file", TENSORS, {"ss_output_name": "neon"})
    assert find_adapter(loras.folders, "neon") == "file.safetensors"


def test_the_files_that_mentions_mean_are_listed_once_and_names_of_none_or_two_left_out(loras):
    for name, alias in (("neon", "neon"), ("one", "sea"), ("two", "sea")):
        loras.write(name, TENSORS, {"ss_output_name": alias})
    mentions = [Mention("lora", name) for name in ("neon", "neon.safetensors", "sea", "nothing")]
    mentions.append(Mention("hypernet", "neon"))
    assert files_mentioned(mentions, loras.folders) == (loras.folders.ref("loras", "neon.safetensors"),)


@pytest.mark.parametrize("name", ["noen", "deadbeef"])
def test_a_name_of_nothing_finds_nothing(name, loras):
    loras.write("neon", TENSORS)
    assert find_adapter(loras.folders, name) is None
