import torch

from diffusion.image import Image
from diffusion.latent import Latent
from nodes.latent import decode, encode
from nodes.tiled import decode_in_tiles, encode_in_tiles


def test_tiles_give_nearly_the_picture_that_the_whole_gives(runtime, checkpoint, heard):
    latent = Latent(torch.randn(1, 4, 8, 12, generator=torch.Generator().manual_seed(0)))
    tiles = decode_in_tiles(runtime, heard, latent, checkpoint.vae, 64, 64).pixels
    whole = decode(runtime, heard, latent, checkpoint.vae).pixels
    assert tiles.shape == whole.shape == (1, 64, 96, 3)
    assert (tiles - whole).abs().mean() < 0.05


def test_a_picture_that_fits_one_tile_is_taken_whole(runtime, checkpoint, heard):
    pixels = Image(torch.rand(1, 64, 64, 3))
    tiled = encode_in_tiles(runtime, heard, pixels, checkpoint.vae)
    torch.testing.assert_close(tiled.samples, encode(runtime, heard, pixels, checkpoint.vae).samples)
    assert tiled.space == runtime.residency.space(checkpoint.vae)
