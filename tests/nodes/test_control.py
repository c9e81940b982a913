from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from diffusion.conditioning import Cond, Conditioning, Span
from diffusion.control import Control
from diffusion.errors import FileNotInFolder, UnknownFamily, UnreadableFile
from diffusion.families.sd15 import FAMILY
from diffusion.files.folders import ModelFolders
from diffusion.files.header import Header
from diffusion.image import Image
from diffusion.latent import Latent
from diffusion.runtime import Runtime
from nodes.codecs import NodeCodecs
from nodes.control import apply_control_net, apply_control_net_to_both, load_control_net
from nodes.sampling import sample

PROMPT = Conditioning((Cond(torch.zeros(1, 3, 8)),))
IMAGE = Image(torch.rand(1, 32, 32, 3))


@pytest.fixture(scope="session")
def controlled(runtime, checkpoint, tmp_path_factory) -> Runtime:
    """The demo model, with a small random ControlNet in the layout that fits it."""
    from diffusion.families.control_net import ControlConfig

    base = tmp_path_factory.mktemp("controlled")
    config = ControlConfig(runtime.residency.config(checkpoint.model), 3, (4, 4, 8, 8))
    part, generator, tensors = FAMILY.parts["control"], torch.Generator().manual_seed(0), {}
    with torch.device("meta"):
        module = part.build(config)
    for name, file_name in part.table(Header({}), config).items():
        shape = module.get_parameter(name).shape
        tensors[file_name] = torch.randn(shape, generator=generator) / shape[1:].numel() ** 0.5
    folder = base / "models/controlnet"
    folder.mkdir(parents=True)
    save_file(tensors, folder / "edges.safetensors", {"patchbay.unet.norm_groups": str(config.unet.norm_groups)})
    root = runtime.folders.base_directory
    folders = ModelFolders(base, extra={"checkpoints": [root / "models/checkpoints"]})
    return Runtime(folders, device="cpu")


def write(base: Path, names: dict[str, tuple[int, ...]]) -> Runtime:
    folder = base / "models/controlnet"
    folder.mkdir(parents=True)
    save_file({name: torch.zeros(shape) for name, shape in names.items()}, folder / "other.safetensors")
    return Runtime(ModelFolders(base), device="cpu")


def test_a_control_net_is_opened_as_a_reference(controlled):
    net = load_control_net(controlled, "edges")
    assert net.weights.file.path == "controlnet/edges.safetensors"
    assert net == load_control_net(controlled, "edges.safetensors")


def test_one_that_is_not_there_is_named(controlled):
    with pytest.raises(FileNotInFolder, match="edgy"):
        load_control_net(controlled, "edgy.safetensors")


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ({"lora_controlnet": (1,)}, "a Control-LoRA"),
        ({"difference": (1,)}, "difference from a model"),
        ({"lllite_unet_a.down.0.weight": (1,)}, "ControlLLLite"),
        ({"adapter.body.0.in_conv.weight": (1,)}, "T2I-Adapter"),
        ({"add_embedding.linear_1.weight": (1,)}, "Stable Diffusion XL"),
        ({"controlnet_x_embedder.weight": (1,)}, "FLUX"),
    ],
)
def test_one_of_another_kind_is_refused_by_name(tmp_path, names, words):
    with pytest.raises(UnknownFamily, match=rf"other\.safetensors is .*{words}.*takes a ControlNet for Stable Diff"):
        load_control_net(write(tmp_path, names), "other.safetensors")


def test_what_is_none_is_refused(tmp_path):
    with pytest.raises(UnreadableFile, match=r"other\.safetensors is not a ControlNet\. It looks like a LoRA"):
        load_control_net(write(tmp_path, {"lora_unet_x.lora_up.weight": (1, 1)}), "other.safetensors")


def test_one_with_next_to_nothing_in_it_is_refused(tmp_path):
    names = {"zero_convs.0.0.weight": (4, 4, 1, 1), "input_hint_block.0.weight": (4, 3, 3, 3)}
    with pytest.raises(UnknownFamily, match=r"other\.safetensors"):
        load_control_net(write(tmp_path, names), "other.safetensors")


def test_applying_it_adds_it_to_the_prompt_and_leaves_the_original(controlled):
    net = load_control_net(controlled, "edges")
    once = apply_control_net(PROMPT, net, IMAGE, 0.5)
    twice = apply_control_net(once, net, IMAGE, 0.25)
    assert [control.strength for control in twice.entries[0].controls] == [0.5, 0.25]
    assert once.entries[0].controls[0].shared
    assert PROMPT.entries[0].controls == ()


def test_both_prompts_get_it_with_its_span(controlled):
    net = load_control_net(controlled, "edges")
    both = apply_control_net_to_both(PROMPT, PROMPT, net, Image(torch.rand(1, 8, 8, 4)), 1.0, 0.25, 0.75)
    for prompt in both:
        [control] = prompt.entries[0].controls
        assert (control.span, control.shared, control.hint.shape[-1]) == (Span(0.25, 0.75), False, 3)


def test_the_advanced_node_has_its_public_shape():
    spec = apply_control_net_to_both.node_type.spec
    names = "positive negative control_net image strength start_percent end_percent vae"
    assert [declared.name for declared in spec.inputs] == names.split()
    assert [output.socket for output in spec.outputs] == ["CONDITIONING"] * 2


def test_strength_0_changes_nothing(controlled):
    net = load_control_net(controlled, "edges")
    assert apply_control_net(PROMPT, net, IMAGE, 0.0) is PROMPT
    assert apply_control_net_to_both(PROMPT, PROMPT, net, IMAGE, 0.0) == (PROMPT, PROMPT)


def test_a_steered_prompt_is_digested_and_stored(controlled):
    codecs, net = NodeCodecs(), load_control_net(controlled, "edges")
    steered = apply_control_net(PROMPT, net, IMAGE)
    loaded = codecs.load(*codecs.dump(steered))
    assert isinstance(loaded.entries[0].controls[0], Control)
    assert codecs.digest(loaded) == codecs.digest(steered) != codecs.digest(apply_control_net(PROMPT, net, IMAGE, 0.5))


def test_it_steers_the_demo_model(controlled, checkpoint, heard):
    width = controlled.residency.config(checkpoint.model).context_width
    prompt = Conditioning((Cond(torch.randn(1, 4, width)),))
    net = load_control_net(controlled, "edges")
    run = lambda positive: (
        sample(
            controlled, heard, heard, checkpoint.model, positive, prompt, Latent(torch.zeros(1, 4, 8, 8)), steps=2
        ).samples
    )
    plain, steered = run(prompt), run(apply_control_net(prompt, net, IMAGE))
    assert not torch.allclose(plain, steered, atol=1e-3)
    assert torch.equal(run(prompt), plain)
