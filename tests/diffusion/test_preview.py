import torch

from diffusion.latent import SD15_SPACE, LatentSpace
from diffusion.preview import preview


def test_a_preview_has_a_pixel_for_each_of_the_latents():
    image = preview(torch.zeros(2, 4, 6, 9), SD15_SPACE)
    assert (image.size, image.mode) == ((9, 6), "RGB")
    assert image.getpixel((0, 0)) == (127, 127, 127)


def test_a_preview_is_the_spaces_linear_map():
    space = LatentSpace("one", channels=1, preview=((0.5, 0.0, -0.5), (0.0, 1.0, 0.0)))
    assert preview(torch.ones(1, 1, 1, 1), space).getpixel((0, 0)) == (191, 255, 63)


def test_a_space_without_a_map_has_no_preview():
    assert preview(torch.zeros(1, 4, 6, 9), LatentSpace("unknown")) is None
