import pytest
import torch

from diffusion.conditioning import Cond, Conditioning
from diffusion.entries import averaged, concatenated, zeroed


def prompt(tokens=77, channels=8, entries=1, **held):
    return Conditioning(tuple(Cond(torch.randn(1, tokens, channels), **held) for _ in range(entries)))


def test_tokens_stand_one_behind_the_other_in_every_entry():
    to, other = prompt(entries=2), prompt(154)
    result = concatenated(to, other)
    for entry, before in zip(result.entries, to.entries, strict=True):
        assert torch.equal(entry.embeds, torch.cat([before.embeds, other.entries[0].embeds], dim=1))
        assert entry.token_mask is None


def test_token_masks_are_joined_where_there_is_one():
    result = concatenated(prompt(2), prompt(3, token_mask=torch.tensor([[1.0, 0.0, 0.0]])))
    assert result.entries[0].token_mask.tolist() == [[1, 1, 1, 0, 0]]


def test_averaging_by_one_is_the_first_and_by_zero_the_second():
    to, other = prompt(), prompt()
    assert torch.equal(averaged(to, other, 1.0).entries[0].embeds, to.entries[0].embeds)
    assert torch.equal(averaged(to, other, 0.0).entries[0].embeds, other.entries[0].embeds)


def test_zeros_stand_for_tokens_that_one_prompt_lacks():
    to, short = prompt(4), prompt(2)
    result = averaged(to, short, 0.5).entries[0].embeds
    torch.testing.assert_close(result[:, 2:], to.entries[0].embeds[:, 2:] / 2)
    assert averaged(short, to, 0.5).entries[0].embeds.shape == (1, 2, 8)


def test_pooled_answers_are_averaged_or_taken_from_the_one_that_has_it():
    with_it, without = prompt(pooled=torch.ones(1, 4)), prompt()
    assert averaged(with_it, prompt(pooled=torch.zeros(1, 4)), 0.25).entries[0].pooled.unique().tolist() == [0.25]
    assert averaged(without, with_it, 0.25).entries[0].pooled.unique().tolist() == [1]
    assert averaged(with_it, without, 0.25).entries[0].pooled.unique().tolist() == [1]
    assert averaged(without, without, 0.25).entries[0].pooled is None


def test_nothing_is_left_of_a_zeroed_prompt_but_its_bounds():
    result = zeroed(prompt(pooled=torch.ones(1, 4), strength=0.3)).entries[0]
    assert not result.embeds.any()
    assert not result.pooled.any()
    assert result.strength == 0.3
    assert zeroed(prompt()).entries[0].pooled is None


def test_prompts_of_other_text_encoders_are_not_mixed():
    for mix in (concatenated, lambda a, b: averaged(a, b, 0.5)):
        with pytest.raises(ValueError, match="768 and 2048"):
            mix(prompt(channels=768), prompt(channels=2048))
