"""What the ordinary residency tests cannot see on a CPU. Needs a CUDA device: ``pytest -m gpu``."""

import pytest
import torch

from diffusion.device import choose_device
from diffusion.handle import Applied
from diffusion.residency import Residency
from diffusion.vae import decode

pytestmark = pytest.mark.gpu


@pytest.fixture
def residency(demo_folders) -> Residency:
    return Residency(demo_folders, choose_device("cuda"))


def predict(residency, handle, seed=0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(1, 4, 8, 8, generator=generator)
    context = torch.randn(1, 77, residency.config(handle).context_width, generator=generator)
    with torch.no_grad(), residency.resident(handle) as unet:
        like = next(unet.parameters())
        return unet(x.to(like), torch.tensor(500, device=like.device), context.to(like)).sample.float().cpu()


def state(residency, handle) -> dict[str, torch.Tensor]:
    with residency.resident(handle) as module:
        return {name: weight.cpu() for name, weight in module.state_dict().items()}


def test_the_network_runs_in_half_precision_and_the_small_models_in_full(residency, demo):
    for handle, dtype in ((demo.model, torch.float16), (demo.text, torch.float32), (demo.vae, torch.float32)):
        with residency.resident(handle) as module:
            assert {weight.dtype for weight in module.parameters()} == {dtype}
            assert {weight.device.type for weight in (*module.parameters(), *module.buffers())} == {"cuda"}


def test_the_device_agrees_with_the_cpu(residency, demo_residency, demo, demo_folders):
    expected = predict(demo_residency, demo.model)
    assert (predict(residency, demo.model) - expected).norm() / expected.norm() < 0.02
    full = Residency(demo_folders, choose_device("cuda", "fp32"))
    assert (predict(full, demo.model) - expected).norm() / expected.norm() < 2e-3


def test_a_picture_is_decoded_as_on_the_cpu(residency, demo_residency, demo):
    latent = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(0)) * 4
    ours, theirs = decode(residency, demo.vae, latent), decode(demo_residency, demo.vae, latent)
    assert ours.device.type == "cpu"
    assert (ours - theirs).abs().max() < 0.02


def test_adapters_are_applied_on_the_device_and_taken_off_bit_for_bit(residency, demo, demo_folders):
    base = state(residency, demo.model)
    neon = demo_folders.ref("loras", "neon.safetensors")
    patched = state(residency, demo.model.clone(Applied(neon, 0.8)))
    assert any(not torch.equal(base[name], patched[name]) for name in base)
    there_and_back = demo.model.clone(Applied(neon, 0.8), Applied(neon, -0.8))
    for handle in (demo.model, there_and_back):
        again = state(residency, handle)
        assert all(torch.equal(base[name], again[name]) for name in base)


def test_patched_weights_are_rounded_once_from_full_precision(residency, demo, demo_folders):
    handle = demo.model.clone(Applied(demo_folders.ref("loras", "neon.safetensors"), 0.8))
    half = state(residency, handle)
    full = state(Residency(demo_folders, choose_device("cpu")), handle)
    for name, weight in half.items():
        exact = full[name]
        allowed = exact.abs() * 2**-11 + 2**-24 + 1e-5 * exact.abs().max()
        assert ((weight.float() - exact).abs() <= allowed).all(), name


def test_forgetting_frees_the_devices_memory(residency, demo):
    before = torch.cuda.memory_allocated()
    for handle in demo:
        state(residency, handle)
    assert torch.cuda.memory_allocated() - before >= residency.held()
    residency.forget()
    assert torch.cuda.memory_allocated() - before < 2_000_000


def test_a_full_device_is_one_sentence_others_are_released_and_work_goes_on(residency, demo):
    state(residency, demo.text)
    attempts = []

    def greedy(module):
        attempts.append(residency.held())
        return torch.empty(1 << 50, dtype=torch.uint8, device="cuda")

    with pytest.raises(Exception, match="Not enough memory on cuda"):
        residency.run(demo.vae, greedy)
    assert len(attempts) == 2
    assert attempts[1] < attempts[0]
    assert torch.isfinite(predict(residency, demo.model)).all()
