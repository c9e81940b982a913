from types import SimpleNamespace

import pytest
import torch
from torch import Tensor, nn

from diffusion.conditioning import Area, Cond, Conditioning, Span
from diffusion.denoise import Guided, Inpainted, Network, predict, predict_composed
from diffusion.guidance import ClassifierFree, TwoScales
from diffusion.latent import SD15_SPACE
from diffusion.regions import Region, regions
from diffusion.sigmas import distilled, scaled_linear

TRAINED = scaled_linear()
SIGMA = TRAINED.values[500]


class Answering(nn.Module):
    """A network whose answer is the first number of the prompt everywhere. It remembers the sizes of its batches."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))
        self.batches: list[tuple[int, ...]] = []
        self.seen: list[Tensor] = []

    def forward(self, x: Tensor, time: Tensor, encoder_hidden_states: Tensor) -> SimpleNamespace:
        assert time.shape == (len(x),)
        self.batches.append((*x.shape, encoder_hidden_states.shape[1]))
        self.seen.append(x)
        answer = encoder_hidden_states[:, :1, :1, None] * self.weight
        return SimpleNamespace(sample=answer.expand(len(x), 4, *x.shape[2:]))


def cond(answer: float, tokens: int = 3, **bounds: object) -> Cond:
    return Cond(torch.full((1, tokens, 2), answer), **bounds)


def prepare(x: Tensor, *entries: Cond) -> list[Region]:
    return regions([Conditioning(entries)], x, SD15_SPACE, TRAINED)[0]


@pytest.fixture
def x() -> Tensor:
    return torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(0))


def test_a_perfect_prediction_of_the_noise_is_the_clean_latent(x: Tensor):
    network = Network(Answering(), TRAINED)
    noisy = x + SIGMA * 0.25
    torch.testing.assert_close(network(noisy, SIGMA, torch.full((2, 1, 1), 0.25)), x)


def test_a_perfect_prediction_of_the_velocity_is_the_clean_latent():
    network = Network(Answering(), TRAINED, "v")
    clean, noise = torch.full((1, 4, 8, 8), 0.5), 0.25
    alpha, spread = 1 / (1 + SIGMA**2).sqrt(), SIGMA / (1 + SIGMA**2).sqrt()
    velocity = alpha * noise - spread * 0.5
    torch.testing.assert_close(network(clean + SIGMA * noise, SIGMA, velocity.reshape(1, 1, 1)), clean)


def test_a_prediction_of_the_clean_latent_is_taken_as_it_is(x: Tensor):
    network = Network(Answering(), TRAINED, "x0")
    assert (network(x, SIGMA, torch.full((2, 1, 1), 0.25)) == 0.25).all()


def test_a_consistency_model_far_from_time_0_is_read_as_predicting_noise(x: Tensor):
    embeds = torch.full((2, 1, 1), 0.25)
    plain, consistent = (Network(Answering(), TRAINED, kind)(x, SIGMA, embeds) for kind in ("eps", "lcm"))
    torch.testing.assert_close(consistent, plain)
    assert torch.equal(Network(Answering(), TRAINED, "lcm")(x, TRAINED.lowest, embeds), x)


@pytest.mark.parametrize("time", [0, 3, 250, 999])
def test_a_velocity_is_read_as_the_published_scheduler_reads_it(x: Tensor, time: int):
    from diffusers import EulerDiscreteScheduler

    scheduler = EulerDiscreteScheduler(
        beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012, prediction_type="v_prediction"
    )
    scheduler.set_timesteps(timesteps=[time])
    answer = torch.full((2, 4, 8, 8), 0.25)
    expected = scheduler.step(answer, scheduler.timesteps[0], x).pred_original_sample
    got = Network(Answering(), TRAINED, "v")(x, TRAINED.values[time], torch.full((2, 1, 1), 0.25))
    torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("time", [19, 259, 999])
def test_a_consistency_model_keeps_as_much_of_its_input_as_the_published_scheduler_says(x: Tensor, time: int):
    from diffusers import LCMScheduler

    kept, told = LCMScheduler().get_scalings_for_boundary_condition_discrete(time)
    sigma = TRAINED.values[time]
    got = Network(Answering(), distilled(TRAINED), "lcm")(x, sigma, torch.full((2, 1, 1), 0.25))
    torch.testing.assert_close(got, told * (x - 0.25 * sigma) + kept * x)


def test_both_prompts_run_in_one_batch_whatever_their_lengths(x: Tensor):
    module = Answering()
    predict(Network(module, TRAINED), x, SIGMA, [prepare(x, cond(1, tokens=2)), prepare(x, cond(0, tokens=3))])
    assert module.batches == [(4, 4, 8, 8, 6)]


def test_prompts_whose_lengths_have_little_in_common_run_apart(x: Tensor):
    module = Answering()
    predict(Network(module, TRAINED), x, SIGMA, [prepare(x, cond(1, tokens=5)), prepare(x, cond(0, tokens=7))])
    assert module.batches == [(2, 4, 8, 8, 5), (2, 4, 8, 8, 7)]


def test_entries_of_one_prompt_are_averaged_by_strength(x: Tensor):
    [got] = predict(Network(Answering(), TRAINED), x, SIGMA, [prepare(x, cond(0), cond(1, strength=3.0))])
    torch.testing.assert_close(got, x - SIGMA * 0.75)


def test_an_entry_acts_only_within_its_span(x: Tensor):
    early, late = cond(1, span=Span(0.0, 0.3)), cond(0, span=Span(0.3, 1.0))
    network = Network(Answering(), TRAINED)
    prompts = [prepare(x, early, late)]
    high, low = TRAINED.values[900], TRAINED.values[100]
    torch.testing.assert_close(predict(network, x, high, prompts)[0], x - high)
    torch.testing.assert_close(predict(network, x, low, prompts)[0], x)


def test_an_inpainting_network_sees_what_a_prompt_says_or_what_there_is(x: Tensor):
    module = Answering()
    whole = torch.zeros(2, 5, 8, 8)
    told = prepare(x, cond(1, concat=torch.ones(1, 5, 8, 8), area=Area(0, 0, 32, 64)), cond(0))
    predict(Network(module, TRAINED, shown=whole), x, SIGMA, [told])
    (part, everywhere) = module.seen
    assert part.shape == (2, 9, 8, 4)
    assert (part[:, 4:] == 1).all()
    assert (everywhere[:, 4:] == 0).all()


def test_guidance_goes_past_the_positive_away_from_the_negative(x: Tensor):
    network = Network(Answering(), TRAINED)
    guided = Guided(network, [prepare(x, cond(1)), prepare(x, cond(0.5))], ClassifierFree(3.0))
    torch.testing.assert_close(guided(x, SIGMA), x - SIGMA * 2.0)
    torch.testing.assert_close(guided.pair(x, SIGMA)[1], x - SIGMA * 0.5)


def test_a_scale_of_one_does_not_run_the_negative(x: Tensor):
    module = Answering()
    Guided(Network(module, TRAINED), [prepare(x, cond(1)), prepare(x, cond(0.5))], ClassifierFree(1.0))(x, SIGMA)
    assert module.batches == [(2, 4, 8, 8, 3)]


def test_two_scales_go_from_the_negative_by_the_second_to_the_first(x: Tensor):
    network = Network(Answering(), TRAINED)
    prompts = [prepare(x, cond(answer)) for answer in (3.0, 1.0, 2.0)]
    torch.testing.assert_close(Guided(network, prompts, TwoScales(2.0, 5.0))(x, SIGMA), x - SIGMA * 8.0)
    nested = Guided(network, prompts, TwoScales(2.0, 5.0, nested=True))
    torch.testing.assert_close(nested(x, SIGMA), x - SIGMA * 16.0)


def test_without_a_negative_the_pair_is_twice_the_same(x: Tensor):
    guided = Guided(Network(Answering(), TRAINED), [prepare(x, cond(1))], ClassifierFree())
    denoised, negative = guided.pair(x, SIGMA)
    assert torch.equal(denoised, negative)


def test_what_the_mask_keeps_stays_and_is_shown_with_its_noise(x: Tensor):
    shown = []

    class Zero:
        trained = TRAINED

        def __call__(self, x: Tensor, sigma: Tensor) -> Tensor:
            shown.append(x)
            return torch.zeros_like(x)

        def pair(self, x: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor]:
            return self(x, sigma), self(x, sigma)

    mask = torch.zeros(1, 1, 8, 8)
    mask[..., :4] = 1
    original, noise = torch.full_like(x, 2.0), torch.full_like(x, 3.0)
    inpainted = Inpainted(Zero(), original, mask, noise)
    got = inpainted(x, SIGMA)
    assert (got[..., :4] == 0).all()
    assert (got[..., 4:] == 2).all()
    torch.testing.assert_close(shown[0][..., :4], x[..., :4])
    torch.testing.assert_close(shown[0][..., 4:], (2 + 3 * SIGMA).expand(2, 4, 8, 4))


def composed(answer: float, strength: float = 1.0, **bounds: object) -> Cond:
    return cond(answer, strength=strength, extra={"composed": True}, **bounds)


def composition(x: Tensor, *entries: Cond, away: float = 0.5) -> tuple[list[list[Region]], Tensor]:
    """What composed prompts come to as noise, against a negative prompt."""
    prompts = regions([Conditioning(entries), Conditioning((cond(away),))], x, SD15_SPACE, TRAINED)
    predictions = predict_composed(Network(Answering(), TRAINED), x, SIGMA, prompts)
    assert len(predictions) == 2
    torch.testing.assert_close((x - predictions[1]) / SIGMA, torch.full_like(x, away))
    return prompts, (x - predictions[0]) / SIGMA


def test_composed_prompts_add_their_weighted_differences_from_the_negative(x: Tensor):
    _, noise = composition(x, composed(1.0), composed(2.0, 0.5), composed(4.0, -0.25))
    expected = 0.5 + (1.0 - 0.5) + 0.5 * (2.0 - 0.5) - 0.25 * (4.0 - 0.5)
    torch.testing.assert_close(noise, torch.full_like(x, expected))


def test_one_composed_prompt_of_full_weight_is_that_prompt(x: Tensor):
    torch.testing.assert_close(composition(x, composed(2.0))[1], torch.full_like(x, 2.0))


def test_a_composed_prompt_joins_what_it_is_combined_with(x: Tensor):
    _, noise = composition(x, cond(3.0), composed(1.0, 0.5))
    torch.testing.assert_close(noise, torch.full_like(x, 3.0 + 0.5 * (1.0 - 0.5)))


def test_a_composed_prompt_with_a_mask_leaves_the_rest_to_the_negative(x: Tensor):
    mask = torch.zeros(1, 64, 64)
    mask[:, :, :32] = 1
    _, noise = composition(x, composed(2.0, mask=mask))
    torch.testing.assert_close(noise[..., :3], torch.full_like(x[..., :3], 2.0))
    torch.testing.assert_close(noise[..., 5:], torch.full_like(x[..., 5:], 0.5))


def test_composed_prompts_are_guided_together_also_at_a_scale_of_one(x: Tensor):
    for scale in (1.0, 7.0):
        prompts, _ = composition(x, composed(1.0, 0.75), composed(2.0, 0.5))
        denoised = Guided(Network(Answering(), TRAINED), prompts, ClassifierFree(scale))(x, SIGMA)
        expected = 0.5 + scale * (0.75 * (1.0 - 0.5) + 0.5 * (2.0 - 0.5))
        torch.testing.assert_close((x - denoised) / SIGMA, torch.full_like(x, expected))


def test_without_a_negative_prompt_composed_ones_are_averaged(x: Tensor):
    prompts = regions([Conditioning((composed(1.0), composed(2.0, 3.0)))], x, SD15_SPACE, TRAINED)
    (prediction,) = predict_composed(Network(Answering(), TRAINED), x, SIGMA, prompts)
    torch.testing.assert_close((x - prediction) / SIGMA, torch.full_like(x, 1.75))
