import pytest
import torch

from diffusion.custom_sampling import NoiseSource, Variation
from diffusion.noise import RunNoise, start_noise, turned
from diffusion.philox import Philox

X = torch.zeros(3, 4, 8, 8)
SIGMAS = torch.tensor([10.0, 3.0, 1.0, 0.0])
SOURCES = [NoiseSource(philox, per_image) for philox in (False, True) for per_image in (False, True)]


def start(source: NoiseSource = SOURCES[0], seed: int = 5, x: torch.Tensor = X, batch_index=None) -> RunNoise:
    return start_noise(source, x, seed, SIGMAS, batch_index)


@pytest.mark.parametrize("source", SOURCES)
def test_noise_is_the_seeds_on_every_call(source: NoiseSource):
    assert torch.equal(start(source).initial, start(source).initial)
    assert not torch.equal(start(source).initial, start(source, seed=6).initial)


@pytest.mark.parametrize("source", SOURCES)
def test_the_largest_seed_is_a_seed(source: NoiseSource):
    noise = start(source, seed=2**64 - 1)
    for drawn in (noise.initial, noise.fresh(), noise.between(SIGMAS[0], SIGMAS[1])):
        assert drawn.shape == X.shape
        assert drawn.isfinite().all()


def test_drawing_noise_leaves_the_global_generator_alone():
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    start().fresh()
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("source", SOURCES)
def test_an_image_of_a_batch_can_be_drawn_alone(source: NoiseSource):
    batch = start(source, batch_index=(0, 1, 2)).initial
    alone = start(source, x=X[:1], batch_index=(2,)).initial
    assert torch.equal(alone, batch[2:])


def test_with_a_stream_for_each_image_the_second_is_that_of_the_next_seed():
    source = NoiseSource(per_image=True)
    batch, alone = start(source), start(source, seed=6, x=X[:1])
    assert torch.equal(batch.initial[1:2], alone.initial)
    assert torch.equal(batch.fresh()[1:2], alone.fresh())
    assert torch.equal(batch.between(SIGMAS[0], SIGMAS[1])[1:2], alone.between(SIGMAS[0], SIGMAS[1]))


def test_a_stream_for_each_image_draws_on_while_that_for_the_batch_starts_over():
    batch, images = start(), start(NoiseSource(per_image=True))
    assert torch.equal(batch.initial, batch.fresh())
    assert not torch.equal(images.initial, images.fresh())


def test_philox_noise_is_the_devices():
    assert torch.equal(start(NoiseSource(philox=True)).initial, Philox(5).randn(X.shape))


def test_step_noise_has_unit_variance():
    noise = start(x=torch.zeros(4, 4, 64, 64))
    for drawn in (noise.fresh(), noise.between(SIGMAS[0], SIGMAS[1]), noise.between(SIGMAS[1], SIGMAS[2])):
        assert abs(float(drawn.std()) - 1) < 0.02


def test_brownian_noise_is_one_path_however_it_is_cut():
    noise = start()
    high, middle, low = SIGMAS[:3]
    whole = noise.between(high, low) * (high - low).sqrt()
    parts = noise.between(high, middle) * (high - middle).sqrt() + noise.between(middle, low) * (middle - low).sqrt()
    torch.testing.assert_close(whole, parts)


@pytest.mark.parametrize("per_image", [False, True])
def test_a_variation_turns_the_noise_toward_another_seeds(per_image: bool):
    def varied(strength: float) -> torch.Tensor:
        return start(NoiseSource(per_image=per_image, variation=Variation(9, strength))).initial

    count = 1 if per_image else 3
    torch.testing.assert_close(varied(0.0)[:count], start(x=X[:count]).initial)
    torch.testing.assert_close(varied(1.0)[:count], start(seed=9, x=X[:count]).initial)


def test_images_vary_from_one_picture_by_seeds_that_count_up():
    images = start(NoiseSource(per_image=True, variation=Variation(9, 0.2))).initial
    alone = start(NoiseSource(per_image=True, variation=Variation(10, 0.2)), x=X[:1]).initial
    torch.testing.assert_close(images[1:2], alone)


def test_turning_keeps_the_length_of_vectors_of_equal_length():
    noise, other = torch.zeros(1, 1, 2, 1), torch.zeros(1, 1, 2, 1)
    noise[..., 0, 0] = other[..., 1, 0] = 1
    assert float(turned(noise, other, 0.5).norm()) == pytest.approx(1.0)


def test_turning_toward_itself_changes_nothing():
    noise = start().initial
    torch.testing.assert_close(turned(noise, noise, 0.3), noise)
