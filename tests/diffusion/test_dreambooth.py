"""A DreamBooth result – a whole model that was taught a subject by a rare word – is a checkpoint like any other."""

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from diffusion.checkpoint import open_checkpoint
from diffusion.device import choose_device
from diffusion.files.folders import ModelFolders
from diffusion.handle import Applied
from diffusion.latent import Latent
from diffusion.residency import Residency
from diffusion.sampling import sample
from diffusion.saving import save_models
from diffusion.text.encode import encode

SUBJECT = "a sks house on a meadow by day"


@pytest.fixture(scope="module")
def taught(demo, demo_folders):
    """The demo model with all that its full fine-tune on the subject changed."""
    tuned = Applied(demo_folders.ref("loras", "castle-full.safetensors"), 1.0)
    return demo._replace(model=demo.model.clone(tuned), text=demo.text.clone(tuned))


def as_trainers_leave_it(path, ending):
    """Rewrite a checkpoint as a trainer's: with its counters beside the weights where the format has room for them."""
    with safe_open(path, "pt") as file:
        metadata = {
            key: text for key, text in file.metadata().items() if key.startswith("patchbay.") and "{" not in text
        }
    tensors = load_file(path)
    path.unlink()
    if ending == ".safetensors":
        save_file(tensors, path, metadata)
    else:
        counters = {"epoch": 0, "global_step": 800, "pytorch-lightning_version": "1.4.2"}
        torch.save({"state_dict": tensors, **counters, **metadata}, path.with_suffix(ending))


@pytest.mark.parametrize("ending", [".safetensors", ".ckpt"])
def test_a_dreambooth_checkpoint_draws_its_subject(ending, taught, demo, demo_folders, demo_residency, tmp_path):
    folder = tmp_path / "models" / "checkpoints"
    folder.mkdir(parents=True)
    save_models(demo_folders, folder / "sks-house.safetensors", taught.model, taught.text, taught.vae)
    as_trainers_leave_it(folder / "sks-house.safetensors", ending)
    folders = ModelFolders(tmp_path)
    residency = Residency(folders, choose_device("cpu"))

    def drawn(where, files, checkpoint, words):
        prompts = [encode(where, files, checkpoint.text, each, warn=pytest.fail) for each in (words, "")]
        start = Latent(torch.zeros(1, 4, 8, 8))
        settings = {"seed": 5, "steps": 4, "cfg": 4.0, "sampler_name": "euler", "scheduler": "normal"}
        return sample(where, checkpoint.model, *prompts, start, **settings).samples

    opened = open_checkpoint(folders, "sks-house")
    subject = drawn(residency, folders, opened, SUBJECT)
    expected = drawn(demo_residency, demo_folders, taught, SUBJECT)
    assert torch.linalg.vector_norm(subject - expected) <= 0.02 * torch.linalg.vector_norm(expected)  # rounded to half
    plain = drawn(demo_residency, demo_folders, demo, SUBJECT)
    assert torch.linalg.vector_norm(subject - plain) > 0.1 * torch.linalg.vector_norm(plain)
