from dataclasses import replace

import pytest
import torch

from diffusion.conditioning import Cond, Conditioning
from diffusion.digest import digest, size
from diffusion.handle import Applied, File, FileRef, ModelHandle, ModelSampling
from diffusion.image import Image, Mask
from diffusion.latent import Latent

MODEL = ModelHandle(File(FileRef("checkpoints/a.safetensors", "1"), "model"), "sd15")


def test_equal_values_have_equal_digests():
    pixels = torch.rand(1, 4, 4, 3)
    assert digest(Image(pixels)) == digest(Image(pixels.clone()))
    assert digest(MODEL.clone(Applied(FileRef("l", "1"), 0.5))) == digest(MODEL.clone(Applied(FileRef("l", "1"), 0.5)))


def test_one_bit_makes_another_digest():
    samples = torch.zeros(1, 4, 8, 8)
    other = samples.clone()
    other[0, 0, 0, 0] = 1e-45
    assert digest(Latent(samples)) != digest(Latent(other))


@pytest.mark.parametrize(
    "other",
    [
        MODEL.clone(Applied(FileRef("l", "1"), 0.5)),
        replace(MODEL, sampling=ModelSampling("v")),
        ModelHandle(File(FileRef("checkpoints/a.safetensors", "2"), "model"), "sd15"),
    ],
)
def test_every_part_of_a_handle_counts(other):
    assert digest(other) != digest(MODEL)


def test_kind_shape_and_type_of_number_count():
    zeros = torch.zeros(1, 4, 4)
    digests = {
        digest(zeros),
        digest(zeros.reshape(4, 4)),
        digest(zeros.int()),
        digest(Mask(zeros)),
        digest(Image(zeros)),
        digest([zeros]),
        digest((zeros,)),
    }
    assert len(digests) == 7


def test_how_a_tensor_lies_in_memory_does_not_count():
    tensor = torch.arange(6.0).reshape(2, 3)
    assert digest(tensor.T) == digest(tensor.T.contiguous())


def test_order_of_conditioning_entries_counts():
    first, second = Cond(torch.zeros(1, 2, 3)), Cond(torch.ones(1, 2, 3))
    assert digest(Conditioning((first, second))) != digest(Conditioning((second, first)))


def test_order_in_a_mapping_does_not_count():
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})


def test_what_is_not_known_has_no_digest_and_no_size():
    assert digest(object()) is None
    assert size(object()) == 0


def test_size_counts_shared_memory_once():
    tensor = torch.zeros(10, 10)
    assert size(Conditioning((Cond(tensor[None]), Cond(tensor[None])))) == 400
    assert size(MODEL) == 0


def test_size_counts_what_cannot_be_stored_as_well():
    assert size(Cond(torch.zeros(1, 2, 3), extra={"patch": print, "more": [torch.zeros(5)]})) == 24 + 20
