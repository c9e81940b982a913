import torch

from diffusion.conditioning import Cond, Conditioning
from diffusion.inpainting import aligned, filled_in, hidden, widened
from diffusion.latent import SD15_SPACE


def test_pictures_and_masks_are_cut_alike_about_the_center():
    pixels = torch.arange(20.0).view(1, 1, 20, 1).repeat(1, 17, 1, 3)
    cut, mask = aligned(pixels, torch.ones(1, 3, 5), 8)
    assert cut.shape == (1, 16, 16, 3)
    assert cut[0, 0, 0, 0] == 2
    assert mask.shape == (1, 1, 16, 16)


def test_what_is_redrawn_is_hidden_under_grey():
    pixels = torch.rand(2, 8, 8, 3)
    mask = torch.zeros(1, 1, 8, 8)
    mask[..., :4] = 0.6
    covered = hidden(pixels, mask)
    assert (covered[:, :, :4] == 0.5).all()
    assert torch.equal(covered[:, :, 4:], pixels[:, :, 4:])


def test_a_mask_is_widened_to_both_sides():
    mask = torch.zeros(1, 1, 1, 9)
    mask[..., 4] = 0.9
    assert widened(mask, 0).sum() == widened(mask, 1).sum() == 1
    assert widened(mask, 3).nonzero()[:, 3].tolist() == [3, 4, 5]
    assert widened(mask, 4).nonzero()[:, 3].tolist() == [3, 4, 5, 6]
    assert widened(mask, 4).shape == mask.shape


def test_an_inpainting_network_sees_the_hole_then_the_latent_in_its_own_units():
    prompt = Conditioning((Cond(torch.zeros(1, 77, 8)), Cond(torch.ones(1, 77, 8))))
    seen, mask = torch.randn(2, 4, 2, 2), torch.zeros(1, 1, 16, 16)
    mask[..., :8] = 1
    changed = filled_in(prompt, seen, mask, SD15_SPACE)
    for entry in changed.entries:
        assert entry.concat.shape == (2, 5, 2, 2)
        assert entry.concat[:, 0].tolist() == [[[1, 0], [1, 0]]] * 2
        torch.testing.assert_close(entry.concat[:, 1:], seen * 0.18215)
    assert prompt.entries[0].concat is None
