import torch

from diffusion.noise import SeededNoise, initial_noise

SHAPE = (2, 4, 8, 8)
SIGMAS = torch.tensor([10.0, 3.0, 1.0, 0.0])


def test_noise_is_the_seeds_on_every_call():
    assert torch.equal(initial_noise(SHAPE, 5), initial_noise(SHAPE, 5))
    assert not torch.equal(initial_noise(SHAPE, 5), initial_noise(SHAPE, 6))


def test_the_largest_seed_is_a_seed():
    assert initial_noise(SHAPE, 2**64 - 1).isfinite().all()


def test_drawing_noise_leaves_the_global_generator_alone():
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    initial_noise(SHAPE, 5)
    SeededNoise(torch.zeros(SHAPE), 5, SIGMAS).fresh()
    assert torch.equal(torch.rand(3), expected)


def test_an_image_of_a_batch_can_be_drawn_alone():
    batch = torch.cat([initial_noise((1, 4, 8, 8), 5, [index]) for index in range(3)])
    assert torch.equal(initial_noise((3, 4, 8, 8), 5, [0, 1, 2]), batch)
    assert torch.equal(initial_noise((2, 4, 8, 8), 5, [2, 2]), batch[[2, 2]])


def test_step_noise_has_unit_variance():
    noise = SeededNoise(torch.zeros(4, 4, 64, 64), 1, SIGMAS)
    for drawn in (noise.fresh(), noise.between(SIGMAS[0], SIGMAS[1]), noise.between(SIGMAS[1], SIGMAS[2])):
        assert abs(float(drawn.std()) - 1) < 0.02


def test_brownian_noise_is_one_path_however_it_is_cut():
    noise = SeededNoise(torch.zeros(SHAPE), 1, SIGMAS)
    high, middle, low = SIGMAS[:3]
    whole = noise.between(high, low) * (high - low).sqrt()
    parts = noise.between(high, middle) * (high - middle).sqrt() + noise.between(middle, low) * (middle - low).sqrt()
    torch.testing.assert_close(whole, parts)


def test_step_noise_comes_on_the_latents_dtype():
    assert SeededNoise(torch.zeros(SHAPE, dtype=torch.float64), 1, SIGMAS).fresh().dtype == torch.float64
