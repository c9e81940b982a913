from copy import deepcopy
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import CLIPTextConfig, CLIPTextModel

from diffusion.device import choose_device
from diffusion.errors import NotFinite
from diffusion.files.folders import ModelFolders
from diffusion.residency import Residency
from diffusion.text.embeddings import read_embedding
from diffusion.text.encode import encode, files_named
from diffusion.text.tokenizer import END, START, tokenize

WIDTH, LAYERS = 32, 2
LONG = ", ".join(f"item {number} of a very long list of things" for number in range(14))


@pytest.fixture
def folders(tiny_folders, tmp_path):
    """The small random checkpoint's folders with two textual inversions beside it, one of another width."""
    generator = torch.Generator().manual_seed(1)
    for name, width in (("style", WIDTH), ("wide", 24)):
        save_file({"emb_params": torch.randn(2, width, generator=generator)}, tmp_path / f"{name}.safetensors")
    return ModelFolders(tiny_folders.base_directory, extra={"embeddings": [tmp_path]})


@pytest.fixture
def residency(folders):
    return Residency(folders, choose_device("cpu"))


@pytest.fixture
def module(residency, tiny):
    with residency.resident(tiny.text) as resident:
        yield resident


@pytest.fixture
def run(residency, folders, tiny):
    """Encode a prompt and return its embeddings; the warnings are in ``run.warnings``."""

    def encoded(prompt, skip=0):
        (entry,) = encode(
            residency, folders, replace(tiny.text, skip=skip), prompt, warn=encoded.warnings.append
        ).entries
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


@pytest.mark.parametrize("skip", [0, 1])
def test_layers_left_out_still_end_in_the_final_norm(run, module, skip):
    states = plain(module, tokenize("a cat")).hidden_states
    torch.testing.assert_close(run("a cat", skip), module.final_layer_norm(states[LAYERS - skip]).detach())


def test_leaving_out_more_layers_than_there_are_takes_the_last_and_says_so(run):
    assert run("a cat", LAYERS).equal(run("a cat"))
    assert run.warnings == ["This text encoder has 2 layers, so its last one was taken."]


def test_a_textual_inversion_takes_the_place_of_tokens(run, module, folders):
    """The same network with the vectors written into its table, at ids of their own, gives the same."""
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


@pytest.mark.parametrize("weight", ["1e39", "-1e300"])
def test_a_weight_too_large_for_numbers_is_refused(run, weight):
    with pytest.raises(NotFinite, match="a weight in it is too large"):
        run(f"a (cat:{weight})")


def test_a_missing_textual_inversion_is_left_out_and_said(run):
    assert run("a cat embedding:none on a mat").equal(run("a cat on a mat"))
    assert run.warnings == ["'embedding:none' was left out: there is no such file in embeddings."]


def test_one_for_another_encoder_is_left_out_and_said(run):
    assert run("a cat embedding:wide, on a mat").equal(run("a cat, on a mat"))
    assert run.warnings == [
        "'embedding:wide' was left out: embeddings/wide.safetensors was made for a text encoder 24 numbers wide, "
        "and this one is 32 wide."
    ]


def test_a_text_that_spells_the_end_token_still_ends_where_it_ends(run, module):
    ids = tokenize("a <|endoftext|> cat")
    run("a <|endoftext|> cat")
    torch.testing.assert_close(run.pooled, plain(module, ids).last_hidden_state[:, len(ids) + 1])


def read_by_a1111(residency, folders, tiny, prompt, steps=4):
    return encode(residency, folders, tiny.text, prompt, warn=pytest.fail, rules="a1111", steps=steps).entries


def test_by_a1111s_rules_weights_multiply_and_keep_the_mean(residency, folders, tiny, module):
    (entry,) = read_by_a1111(residency, folders, tiny, "a photo of a ((cat:1.5)) on a mat")
    z = plain(module, tokenize("a photo of a cat on a mat")).last_hidden_state
    scaled = z.clone()
    scaled[:, 5] *= 1.5 * 1.1
    torch.testing.assert_close(entry.embeds, scaled * (z.mean() / scaled.mean()))
    assert (entry.strength, dict(entry.extra)) == (1.0, {})


def test_by_a1111s_rules_a_break_begins_a_chunk(residency, folders, tiny, module):
    (entry,) = read_by_a1111(residency, folders, tiny, "a cat BREAK a mat")
    expected = [plain(module, tokenize(text)).last_hidden_state for text in ("a cat", "a mat")]
    torch.testing.assert_close(entry.embeds, torch.cat(expected, dim=1))


def test_by_a1111s_rules_a_changing_prompt_is_an_entry_per_text_with_its_steps(residency, folders, tiny, module):
    first, second = read_by_a1111(residency, folders, tiny, "a [cat:dog:1]")
    torch.testing.assert_close(first.embeds, plain(module, tokenize("a cat")).last_hidden_state)
    torch.testing.assert_close(second.pooled, plain(module, tokenize("a dog")).pooler_output)
    assert [entry.extra["steps"] for entry in (first, second)] == [(0, 1), (2, 3)]


def test_by_a1111s_rules_and_joins_entries_with_their_weights(residency, folders, tiny):
    entries = read_by_a1111(residency, folders, tiny, f"a cat AND {LONG} :0.5")
    assert [(entry.strength, entry.extra["composed"]) for entry in entries] == [(1.0, True), (0.5, True)]
    assert [entry.embeds.shape[1] for entry in entries] == [77, 154]


def test_by_a1111s_rules_a_textual_inversion_is_called_by_its_bare_name(residency, folders, tiny, run):
    (entry,) = read_by_a1111(residency, folders, tiny, "a cat in Style, on a mat")
    torch.testing.assert_close(entry.embeds, run("a cat in embedding:style, on a mat"))
    assert [file.path for file in files_named("a [cat:style:2]", folders, "a1111", 4)] == [
        "embeddings/style.safetensors"
    ]


def test_by_a1111s_rules_the_name_of_one_for_another_encoder_stays_a_word(residency, folders, tiny, module):
    warnings = []
    (entry,) = encode(residency, folders, tiny.text, "a wide cat", warn=warnings.append, rules="a1111", steps=4).entries
    torch.testing.assert_close(entry.embeds, plain(module, tokenize("a wide cat")).last_hidden_state)
    assert warnings[0].startswith("'wide' was read as words: embeddings/wide.safetensors was made for")


def test_a_stop_acts_while_the_network_runs(residency, folders, tiny):
    class Stopped(Exception): ...

    def stop():
        raise Stopped

    with residency.resident(tiny.text), pytest.raises(Stopped):
        encode(residency, folders, tiny.text, "a cat", warn=lambda text: None, stop=stop)


def test_many_chunks_are_read_in_lots(run):
    assert run(" ".join(["cat"] * 75 * 20)).shape == (1, 20 * 77, WIDTH)


def test_the_demo_model_encodes_as_transformers_does_with_the_files_weights(demo, demo_residency, demo_folders):
    prefix = "cond_stage_model.transformer.text_model."
    tensors = load_file(demo_folders.path(demo.text.weights.file))
    weights = {name.removeprefix(prefix): value.float() for name, value in tensors.items() if name.startswith(prefix)}
    config = demo_residency.config(demo.text)
    reference = CLIPTextModel(
        CLIPTextConfig(
            hidden_size=config.width,
            intermediate_size=config.inner_width,
            num_hidden_layers=config.layers,
            num_attention_heads=config.heads,
            hidden_act=config.activation,
            eos_token_id=END,
        )
    ).eval()
    reference.load_state_dict({name: value for name, value in weights.items() if "position_ids" not in name})
    (entry,) = encode(demo_residency, demo_folders, demo.text, "a red hill at dusk", warn=pytest.fail).entries
    expected = plain(reference, tokenize("a red hill at dusk")).last_hidden_state
    torch.testing.assert_close(entry.embeds, expected)
