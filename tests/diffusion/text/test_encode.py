import pytest
import torch
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPTextModel

from diffusion.families.clip import ClipConfig
from diffusion.files.folders import ModelFolders
from diffusion.handle import File, FileRef, TextHandle
from diffusion.text.encode import encode
from diffusion.text.tokenizer import END, START, tokenize

WIDTH, LAYERS = 16, 3
HANDLE = TextHandle(File(FileRef("checkpoints/tiny.safetensors", "1"), "text"), "sd15")
LONG = ", ".join(f"item {number} of a very long list of things" for number in range(14))


@pytest.fixture(scope="module")
def module():
    torch.manual_seed(0)
    config = CLIPTextConfig(
        hidden_size=WIDTH, intermediate_size=32, num_hidden_layers=LAYERS, num_attention_heads=2, eos_token_id=END
    )
    network = CLIPTextModel(config).eval()
    for parameter in network.parameters():  # as made, all states are nearly alike
        torch.nn.init.normal_(parameter, std=0.3)
    return network


class Lender:
    """Holds one network and runs work on it, as `diffusion.residency` does."""

    def __init__(self, module):
        self.module = module

    def config(self, handle):
        return ClipConfig(49408, 77, WIDTH, 32, LAYERS, 2, "quick_gelu")

    def run(self, handle, work, stop=None):
        if stop:
            stop()
        return work(self.module)


@pytest.fixture
def folders(tmp_path):
    embeddings = tmp_path / "models" / "embeddings"
    embeddings.mkdir(parents=True)
    torch.manual_seed(1)
    save_file({"emb_params": torch.randn(2, WIDTH)}, embeddings / "style.safetensors")
    save_file({"emb_params": torch.randn(2, 24)}, embeddings / "wide.safetensors")
    return ModelFolders(tmp_path)


@pytest.fixture
def run(module, folders):
    """Encode a prompt and return its embeddings; the warnings are in ``run.warnings``."""

    def encoded(prompt, skip=0):
        handle = TextHandle(HANDLE.weights, HANDLE.family, skip)
        (entry,) = encode(Lender(module), folders, handle, prompt, warn=encoded.warnings.append).entries
        encoded.pooled = entry.pooled
        return entry.embeds

    encoded.warnings = []
    return encoded


def plain(module, ids):
    """What transformers itself makes of one chunk's ids."""
    full = torch.tensor([[START, *ids] + [END] * (76 - len(ids))])
    with torch.no_grad():
        return module(full, output_hidden_states=True)


def test_an_unweighted_prompt_is_what_transformers_makes_of_it(run, module):
    expected = plain(module, tokenize("a photo of a cat"))
    assert run("a photo of a cat").shape == (1, 77, WIDTH)
    torch.testing.assert_close(run("a photo of a cat"), expected.last_hidden_state)
    torch.testing.assert_close(run.pooled, expected.pooler_output)
    assert run.warnings == []


def test_an_empty_prompt_is_one_chunk(run, module):
    torch.testing.assert_close(run(""), plain(module, ()).last_hidden_state)


@pytest.mark.parametrize("weight", [1.3, 0.5, 0.0, -1.0])
def test_a_weight_moves_its_tokens_away_from_the_empty_prompt(run, module, weight):
    ids = tokenize("a photo of a cat on a mat")
    z, empty = plain(module, ids).last_hidden_state, plain(module, ()).last_hidden_state
    expected = z.clone()
    expected[:, 5] = empty[:, 5] + weight * (z[:, 5] - empty[:, 5])  # "cat" is the fifth word
    torch.testing.assert_close(run(f"a photo of a (cat:{weight}) on a mat"), expected)


def test_a_long_prompt_is_several_chunks_side_by_side_each_weighed(run, module):
    first, last = tokenize("masterpiece"), tokenize("cat")
    ids = [*first, *tokenize(f", {LONG}, "), *last]
    states = [plain(module, ids[at : at + 75]).last_hidden_state for at in (0, 75)]
    empty = plain(module, ()).last_hidden_state
    states[0][:, 1] = torch.lerp(empty[:, 1], states[0][:, 1], 1.2)
    place = len(ids) - 75
    states[1][:, place] = torch.lerp(empty[:, place], states[1][:, place], 1.4)
    assert 75 < len(ids) <= 150
    torch.testing.assert_close(run(f"(masterpiece:1.2), {LONG}, (cat:1.4)"), torch.cat(states, dim=1))


@pytest.mark.parametrize("skip", [1, 2])
def test_layers_left_out_still_end_in_the_final_norm(run, module, skip):
    states = plain(module, tokenize("a cat")).hidden_states
    torch.testing.assert_close(run("a cat", skip), module.final_layer_norm(states[LAYERS - skip]).detach())


def test_leaving_out_more_layers_than_there_are_takes_the_last_and_says_so(run):
    assert run("a cat", LAYERS).equal(run("a cat"))
    assert run.warnings == ["This text encoder has 3 layers, so its last one was taken."]


def test_a_textual_inversion_takes_the_place_of_tokens(run, module, folders):
    """The same network with the vectors written into its table, at ids of their own, gives the same."""
    from copy import deepcopy

    from diffusion.text.embeddings import read_embedding

    table = module.embeddings.token_embedding.weight.detach().clone()
    vectors = read_embedding(folders, folders.ref("embeddings", "style.safetensors"), WIDTH)
    other = deepcopy(module)
    rare = [40000, 40001]
    other.embeddings.token_embedding.weight.data[rare] = vectors
    expected = plain(other, [*tokenize("a cat in"), *rare, *tokenize(", on a mat")])
    torch.testing.assert_close(run("a cat in embedding:style, on a mat"), expected.last_hidden_state)
    torch.testing.assert_close(run.pooled, expected.pooler_output)
    assert module.embeddings.token_embedding.weight.equal(table)


def test_a_textual_inversion_can_be_weighted(run):
    plain_one, empty = run("embedding:style"), run("")
    expected = plain_one.clone()
    expected[:, 1:3] = torch.lerp(empty[:, 1:3], plain_one[:, 1:3], 1.2)
    torch.testing.assert_close(run("(embedding:style:1.2)"), expected)


def test_a_missing_textual_inversion_is_left_out_and_said(run):
    assert run("a cat embedding:none on a mat").equal(run("a cat on a mat"))
    assert run.warnings == ["'embedding:none' was left out: there is no such file in embeddings."]


def test_one_for_another_encoder_is_left_out_and_said(run):
    assert run("a cat embedding:wide, on a mat").equal(run("a cat, on a mat"))
    assert run.warnings == [
        "'embedding:wide' was left out: embeddings/wide.safetensors was made for a text encoder 24 numbers wide, "
        "and this one is 16 wide."
    ]


def test_a_text_that_spells_the_end_token_still_ends_where_it_ends(run, module):
    ids = tokenize("a <|endoftext|> cat")
    run("a <|endoftext|> cat")
    torch.testing.assert_close(run.pooled, plain(module, ids).last_hidden_state[:, len(ids) + 1])


def test_a_stop_is_passed_on(module, folders):
    class Stopped(Exception): ...

    def stop():
        raise Stopped

    with pytest.raises(Stopped):
        encode(Lender(module), folders, HANDLE, "a cat", warn=lambda text: None, stop=stop)


def test_many_chunks_are_read_in_lots(run):
    assert run(" ".join(["cat"] * 75 * 20)).shape == (1, 20 * 77, WIDTH)
