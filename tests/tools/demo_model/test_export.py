import torch
from safetensors import safe_open
from safetensors.torch import load_file

from tools.demo_model.evaluate import CHECKPOINT
from tools.demo_model.export import export_checkpoint, fold_whitening
from tools.demo_model.layout import published, text_names, unet_names, unpublished, vae_names
from tools.demo_model.networks import LATENT_SCALE, Sizes, build_text, build_unet, build_vae
from tools.demo_model.sampler import DemoModel
from tools.demo_model.vocabulary import Vocabulary

SMALL = Sizes(unet_widths=(32, 32, 32, 32), unet_depth=1, vae_widths=(32, 32, 32, 32), text_layers=1)


def test_names_are_unique_and_lead_back():
    for network, names in (
        (unet := build_unet(SMALL), unet_names(unet.state_dict(), depth=1)),
        (vae := build_vae(SMALL), vae_names(vae.state_dict())),
        (text := build_text(SMALL, vocabulary=64), text_names(text.state_dict())),
    ):
        state = network.state_dict()
        assert len(set(names.values())) == len(names)
        back = unpublished(published(state, names), names)
        assert all(torch.equal(back[name], state[name]) for name in names)


def test_the_shipped_file_holds_exactly_the_layout_in_half_precision(demo, models):
    names = {*unet_names(demo.unet.state_dict(), depth=2).values(), *vae_names(demo.vae.state_dict()).values()}
    names |= set(text_names(demo.text.state_dict()).values())
    tensors = load_file(models / CHECKPOINT)
    assert set(tensors) == names
    assert {tensor.dtype for tensor in tensors.values()} == {torch.float16}
    assert all(tensor.isfinite().all() for tensor in tensors.values())
    assert (models / CHECKPOINT).stat().st_size <= 24_000_000


def test_the_shipped_file_says_what_shapes_do_not(models):
    with safe_open(models / CHECKPOINT, "pt") as file:
        told = file.metadata()
    expected = {
        "patchbay.unet.attention_heads": "8",
        "patchbay.unet.norm_groups": "8",
        "patchbay.vae.norm_groups": "8",
        "patchbay.text.attention_heads": "1",
        "patchbay.text.activation": "quick_gelu",
        "patchbay.prediction": "eps",
        "patchbay.latent_scale": "0.18215",
        "patchbay.native_size": "128",
    }
    assert expected.items() <= told.items()


def test_folding_makes_latents_white_after_the_usual_factor():
    torch.manual_seed(1)
    vae = build_vae(SMALL)
    picture = torch.rand(2, 3, 64, 64) * 2 - 1
    mean, spread = torch.tensor([1.0, -2.0, 0.5, 0.0]), torch.tensor([2.0, 0.5, 1.0, 3.0])
    with torch.no_grad():
        plain = vae.encode(picture).latent_dist.mean
        decoded = vae.decode(plain).sample
        vae.load_state_dict(fold_whitening(vae.state_dict(), mean, spread))
        folded = vae.encode(picture).latent_dist.mean
        white = (plain - mean.view(1, 4, 1, 1)) / spread.view(1, 4, 1, 1)
        torch.testing.assert_close(folded * LATENT_SCALE, white, atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(vae.decode(folded).sample, decoded, atol=1e-3, rtol=1e-3)


def test_an_exported_file_loads_again(tmp_path):
    words = Vocabulary.of(torch.tensor([[320, 736]]))
    unet, vae, text = build_unet(SMALL), build_vae(SMALL), build_text(SMALL, vocabulary=words.rows)
    path = tmp_path / "small.safetensors"
    export_checkpoint(
        path,
        sizes=SMALL,
        unet=unet.state_dict(),
        text=text.state_dict(),
        vae=vae.state_dict(),
        vocabulary=words,
        whitening=(torch.zeros(4), torch.ones(4)),
        native_size=128,
        about={},
    )
    model = DemoModel(path, sizes=SMALL)
    torch.testing.assert_close(model.unet.conv_in.weight, unet.conv_in.weight, atol=1e-3, rtol=1e-3)
    assert model.sample(["a"], size=32, steps=1).shape == (1, 32, 32, 3)
