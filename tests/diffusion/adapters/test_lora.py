import pytest
import torch

from diffusion.adapters.lora import LoRA

STRENGTHS = (-1.0, 0.5, 1.0, 1.7)


def relative(got, expected):
    return float((got - expected).norm() / expected.norm())


@pytest.mark.parametrize("strength", STRENGTHS)
def test_a_linear_lora_is_the_scaled_product_of_its_factors(strength):
    up, down, weight = torch.randn(24, 4), torch.randn(4, 16), torch.randn(24, 16)
    got = LoRA(up, down, scale=0.5).delta(weight, strength)
    assert relative(got, strength * 0.5 * up @ down) < 1e-6


@pytest.mark.parametrize("strength", STRENGTHS)
def test_a_convolution_keeps_its_kernel_in_the_down_factor(strength):
    up, down, weight = torch.randn(24, 4, 1, 1), torch.randn(4, 16, 3, 3), torch.randn(24, 16, 3, 3)
    expected = strength * torch.einsum("or, rihw -> oihw", up[:, :, 0, 0], down)
    assert relative(LoRA(up, down).delta(weight, strength), expected) < 1e-6


def test_a_tucker_core_stands_between_the_factors():
    up, mid, down = torch.randn(24, 4, 1, 1), torch.randn(4, 4, 3, 3), torch.randn(4, 16, 1, 1)
    expected = torch.einsum("om, mnhw, ni -> oihw", up[:, :, 0, 0], mid, down[:, :, 0, 0])
    assert relative(LoRA(up, down, mid=mid).delta(torch.randn(24, 16, 3, 3)), expected) < 1e-6


def test_factors_of_a_linear_layer_fit_a_one_by_one_convolution_and_the_other_way_round():
    up, down = torch.randn(24, 4), torch.randn(4, 16)
    conv = LoRA(up, down).delta(torch.randn(24, 16, 1, 1))
    linear = LoRA(up[..., None, None], down[..., None, None]).delta(torch.randn(24, 16))
    assert torch.equal(conv.flatten(1), linear)


def test_factors_that_overflow_half_precision_when_multiplied_stay_finite():
    up, down = torch.full((2, 4), 500.0).half(), torch.full((4, 2), 500.0).half()
    assert LoRA(up, down).delta(torch.zeros(2, 2)).eq(1e6).all()


@pytest.mark.parametrize(
    ("up", "down", "weight", "fits"),
    [
        ((24, 4), (4, 16), (24, 16), True),
        ((24, 4, 1, 1), (4, 16, 3, 3), (24, 16, 3, 3), True),
        ((24, 4), (4, 16), (24, 32), False),
        ((24, 4), (4, 16), (12, 32), False),
        ((24, 3), (4, 16), (24, 16), False),
        ((24,), (4, 16), (24, 16), False),
    ],
)
def test_it_fits_a_weight_of_its_own_shape_alone(up, down, weight, fits):
    assert LoRA.fits({"up": up, "down": down}, weight) is fits
