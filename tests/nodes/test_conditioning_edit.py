import torch

from diffusion.conditioning import Area, Cond, Conditioning, Span
from diffusion.image import Mask
from nodes.conditioning_edit import (
    average,
    combine,
    concat,
    set_area,
    set_area_percentage,
    set_area_strength,
    set_mask,
    set_timestep_range,
    zero_out,
)


def prompt(entries=1):
    return Conditioning(tuple(Cond(torch.randn(1, 77, 8)) for _ in range(entries)))


def test_combined_prompts_act_side_by_side():
    first, second = prompt(2), prompt()
    assert combine(first, second).entries == first.entries + second.entries


def test_a_concatenated_prompt_is_as_long_as_both(heard):
    assert concat(heard, prompt(), prompt()).entries[0].embeds.shape == (1, 154, 8)
    assert heard.warnings == []


def test_an_average_with_itself_changes_nothing(heard):
    one = prompt()
    torch.testing.assert_close(average(heard, one, one, 0.35).entries[0].embeds, one.entries[0].embeds)


def test_what_is_left_out_of_several_prompts_is_a_warning(heard):
    concat(heard, prompt(), prompt(2))
    average(heard, prompt(), prompt(3), 0.5)
    assert "2 prompts" in heard.warnings[0]
    assert "3 prompts" in heard.warnings[1]


def test_a_zeroed_prompt_is_all_zeros():
    assert not zero_out(prompt()).entries[0].embeds.any()


def test_areas_are_in_pixels_or_parts():
    entries = set_area(prompt(2), 64, 128, 8, 16, 0.5).entries
    assert [entry.area for entry in entries] == [Area(8, 16, 64, 128)] * 2
    assert entries[0].strength == 0.5
    (part,) = set_area_percentage(prompt(), 0.5, 1.0, 0.25, 0.0, 0.7).entries
    assert part.area == Area(0.25, 0.0, 0.5, 1.0, relative=True)
    assert set_area_strength(prompt(), 2.0).entries[0].strength == 2.0


def test_a_mask_bounds_a_prompt_and_an_area_replaces_its_bounds():
    mask = Mask(torch.rand(1, 16, 16))
    (entry,) = set_mask(prompt(), mask, 0.5, "mask bounds").entries
    assert entry.mask is mask.values
    assert (entry.mask_strength, entry.mask_bounds) == (0.5, True)
    assert not set_mask(prompt(), mask).entries[0].mask_bounds
    assert not set_area(Conditioning((entry,))).entries[0].mask_bounds


def test_a_prompt_acts_for_a_while():
    assert set_timestep_range(prompt(), 0.2, 0.8).entries[0].span == Span(0.2, 0.8)
