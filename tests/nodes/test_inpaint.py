import torch

from diffusion.conditioning import Cond, Conditioning
from diffusion.image import Image, Mask
from nodes.inpaint import crop_to_mask, encode_for_inpaint, inpaint_model_conditioning, paste_crop
from nodes.latent import encode

PICTURE = Image(torch.rand(1, 64, 70, 3, generator=torch.Generator().manual_seed(0)))
HOLE = torch.zeros(1, 64, 70)
HOLE[:, 16:40, 20:44] = 1


def test_under_the_mask_there_is_nothing_to_be_seen(runtime, checkpoint, heard):
    other = PICTURE.pixels.clone()
    other[HOLE == 1] = torch.tensor([1.0, 0.0, 0.0])
    one, two = (
        encode_for_inpaint(runtime, heard, pixels, checkpoint.vae, Mask(HOLE)) for pixels in (PICTURE, Image(other))
    )
    assert torch.equal(one.samples, two.samples)
    assert one.mask.shape == (1, 1, 64, 64)
    assert one.mask.sum() == 29 * 29  # 24 a side, and five more


def test_an_inpainting_model_is_shown_the_hole_and_starts_from_the_whole(runtime, checkpoint, heard):
    prompt = Conditioning((Cond(torch.zeros(1, 77, 8)),))
    positive, negative, latent = inpaint_model_conditioning(
        runtime, heard, prompt, prompt, checkpoint.vae, PICTURE, Mask(HOLE)
    )
    torch.testing.assert_close(latent.samples, encode(runtime, heard, PICTURE, checkpoint.vae).samples)
    assert latent.mask.shape == (1, 1, 64, 64)
    assert positive.entries[0].concat.shape == (1, 5, 8, 8)
    assert torch.equal(positive.entries[0].concat, negative.entries[0].concat)
    free = inpaint_model_conditioning(
        runtime, heard, prompt, prompt, checkpoint.vae, PICTURE, Mask(HOLE), noise_mask=False
    )
    assert free.latent.mask is None


def test_a_part_is_worked_on_larger_and_put_back():
    cutout, image, mask = crop_to_mask(PICTURE, Mask(HOLE), 64, 32, padding=4, blur=0)
    assert image.pixels.shape == (1, 32, 64, 3)
    assert mask.values.shape == (1, 32, 64)
    whole = paste_crop(cutout, Image(torch.ones_like(image.pixels))).pixels
    assert torch.equal(whole[HOLE == 0], PICTURE.pixels[HOLE == 0])
    assert (whole[HOLE == 1] == 1).all()


def test_a_part_keeps_its_size_when_none_is_given():
    cutout, image, _ = crop_to_mask(PICTURE, Mask(HOLE), 0, 0, padding=4, blur=0)
    assert image.pixels.shape == (1, 32, 32, 3)
    assert (cutout.left, cutout.top) == (16, 12)
