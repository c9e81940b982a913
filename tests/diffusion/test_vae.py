import pytest
import torch

from diffusion.errors import DiffusionError, NotFinite, Stopped
from diffusion.handle import File
from diffusion.vae import decode, decode_tiled, encode, encode_tiled


@pytest.fixture
def picture() -> torch.Tensor:
    """A smooth picture with a disc, 64 × 64."""
    ys, xs = torch.meshgrid(torch.linspace(0, 1, 64), torch.linspace(0, 1, 64), indexing="ij")
    disc = ((xs - 0.5) ** 2 + (ys - 0.6) ** 2 < 0.06).float()
    return torch.stack([0.2 + 0.6 * disc, 0.3 + 0.4 * ys, 0.8 - 0.5 * disc], dim=-1)[None]


def test_the_demo_vae_gives_a_picture_back(demo_residency, demo, picture):
    latent = encode(demo_residency, demo.vae, picture)
    assert latent.shape == (1, 4, 8, 8)
    again = decode(demo_residency, demo.vae, latent)
    assert again.shape == picture.shape
    assert again.min() >= 0
    assert again.max() <= 1
    assert (again - picture).abs().mean() < 0.06


def test_encoding_draws_no_random_numbers(tiny_residency, tiny, picture):
    assert torch.equal(encode(tiny_residency, tiny.vae, picture), encode(tiny_residency, tiny.vae, picture))


def test_latents_are_in_the_vaes_own_units(tiny_residency, tiny, picture):
    with tiny_residency.resident(tiny.vae) as vae, torch.no_grad():
        expected = vae.encode(picture.movedim(-1, 1) * 2 - 1).latent_dist.mean
    torch.testing.assert_close(encode(tiny_residency, tiny.vae, picture), expected)


def test_a_picture_does_not_depend_on_its_neighbours_in_the_batch(tiny_residency, tiny, picture):
    batch = torch.cat([picture, picture.flip(1)])
    together = encode(tiny_residency, tiny.vae, batch)
    assert torch.equal(together[:1], encode(tiny_residency, tiny.vae, picture))
    assert torch.equal(decode(tiny_residency, tiny.vae, together)[:1], decode(tiny_residency, tiny.vae, together[:1]))


def test_sides_are_cropped_about_the_center_to_multiples_of_eight(tiny_residency, tiny):
    generator = torch.Generator().manual_seed(0)
    picture = torch.rand(1, 70, 101, 3, generator=generator)
    cropped = picture[:, 3:67, 2:98]
    assert torch.equal(encode(tiny_residency, tiny.vae, picture), encode(tiny_residency, tiny.vae, cropped))


def test_a_fourth_channel_is_left_out(tiny_residency, tiny, picture):
    with_alpha = torch.cat([picture, torch.zeros_like(picture[..., :1])], dim=-1)
    assert torch.equal(encode(tiny_residency, tiny.vae, with_alpha), encode(tiny_residency, tiny.vae, picture))


def test_a_picture_too_small_to_encode_is_refused(tiny_residency, tiny):
    with pytest.raises(ValueError, match="7×9 is too small"):
        encode(tiny_residency, tiny.vae, torch.zeros(1, 9, 7, 3))


def test_tiles_decode_and_encode_nearly_as_the_whole(demo_residency, demo, picture):
    large = torch.nn.functional.interpolate(picture.movedim(-1, 1), (128, 192), mode="bilinear").movedim(1, -1)
    latent = encode(demo_residency, demo.vae, large)
    tiled_latent = encode_tiled(demo_residency, demo.vae, large, tile=96, overlap=32)
    assert (tiled_latent - latent).norm() / latent.norm() < 0.1
    whole = decode(demo_residency, demo.vae, latent)
    tiled = decode_tiled(demo_residency, demo.vae, latent, tile=96, overlap=32)
    assert tiled.shape == whole.shape
    assert (tiled - whole).abs().mean() < 0.02


def test_one_tile_that_covers_everything_is_the_whole(tiny_residency, tiny, picture):
    latent = encode(tiny_residency, tiny.vae, picture)
    torch.testing.assert_close(encode_tiled(tiny_residency, tiny.vae, picture), latent)
    torch.testing.assert_close(decode_tiled(tiny_residency, tiny.vae, latent), decode(tiny_residency, tiny.vae, latent))


def test_an_overlap_as_large_as_the_tile_is_refused(tiny_residency, tiny):
    with pytest.raises(ValueError, match="twice as large as their overlap"):
        decode_tiled(tiny_residency, tiny.vae, torch.zeros(1, 4, 8, 8), tile=64, overlap=64)


def test_numbers_that_are_not_finite_are_an_error_and_no_picture(tiny_residency, tiny):
    with pytest.raises(NotFinite, match="not finite"):
        decode(tiny_residency, tiny.vae, torch.full((1, 4, 8, 8), torch.nan))


@pytest.mark.parametrize("turn_back", [decode, decode_tiled])
def test_a_latent_of_another_family_is_refused_with_both_numbers_of_channels(tiny_residency, tiny, turn_back):
    with pytest.raises(DiffusionError, match="16 channels and the VAE decodes 4"):
        turn_back(tiny_residency, tiny.vae, torch.zeros(1, 16, 8, 8))


def test_stopping_acts_within_a_block(tiny_residency, tiny, picture):
    latent = encode(tiny_residency, tiny.vae, picture)
    calls = []

    def stop():
        calls.append(1)
        raise Stopped("stopped")

    with pytest.raises(Stopped):
        decode(tiny_residency, tiny.vae, latent, stop=stop)
    assert len(calls) == 1


def test_the_vae_of_a_checkpoint_is_one_of_its_components(demo):
    assert isinstance(demo.vae.weights, File)
    assert demo.vae.weights.component == "vae"
