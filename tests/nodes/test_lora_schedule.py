import pytest
import torch

from diffusion.adapters.schedule import Keyframe
from diffusion.conditioning import Cond, Conditioning
from diffusion.errors import AdapterMismatch
from nodes.conditioning import encode_prompt
from nodes.lora import load_lora_on_model
from nodes.lora_schedule import load_scheduled_lora, put_lora_on_conditioning

NEON = "neon.safetensors"


@pytest.fixture
def noted():
    return []


@pytest.fixture
def engine(runtime, heard, noted):
    return runtime, heard, noted.append


def test_a_scheduled_lora_goes_onto_a_clone_and_says_what_it_changes(engine, checkpoint, noted, heard):
    model = load_scheduled_lora(*engine, checkpoint.model, NEON, "0%: 1, 50%: 0.3")
    [scheduled] = model.scheduled
    assert scheduled.adapter.path == "loras/neon.safetensors"
    assert scheduled.keyframes == (Keyframe(0, 1), Keyframe(0.5, 0.3))
    assert not scheduled.gliding
    assert model.weights == checkpoint.model.weights
    assert "changes 192 modules of the model." in noted[0]
    assert heard.warnings == []


def test_a_schedule_may_glide(engine, checkpoint):
    assert load_scheduled_lora(*engine, checkpoint.model, NEON, "0%: 1, 50%: 0.3", "glide").scheduled[0].gliding


def test_a_schedule_of_one_strength_is_the_ordinary_loader(engine, checkpoint):
    constant = load_scheduled_lora(*engine, checkpoint.model, NEON, "0%: 0.8")
    assert constant == load_lora_on_model(*engine, checkpoint.model, NEON, 0.8)


def test_a_kind_that_is_costly_beside_a_network_is_warned_of(engine, checkpoint, heard):
    load_scheduled_lora(*engine, checkpoint.model, "neon-dora.safetensors", "0%: 1, 50%: 0.3")
    [warning] = heard.warnings
    assert warning.startswith("loras/neon-dora.safetensors: LoRA with DoRA beside a network takes as much memory and")


def test_a_schedule_that_is_none_is_a_fault_before_anything_runs():
    for function in (load_scheduled_lora, put_lora_on_conditioning):
        assert "begins with its strength at 0%" in function.node_type.validate({"schedule": "50%: 1"}, {})
        assert function.node_type.validate({"schedule": "0%: 1"}, {}) == ""


def test_a_schedule_that_is_none_is_refused(engine, checkpoint):
    with pytest.raises(AdapterMismatch, match="begins with its strength at 0%"):
        load_scheduled_lora(*engine, checkpoint.model, NEON, "50%: 1")


def test_a_lora_on_a_prompt_goes_onto_all_its_entries_and_on_none_before(engine, checkpoint, runtime, heard):
    entry = Cond(torch.zeros(1, 77, 64))
    two = put_lora_on_conditioning(*engine, Conditioning((entry, entry)), checkpoint.model, NEON, "0%: 0.5")
    twice = put_lora_on_conditioning(*engine, two, checkpoint.model, "rocket.safetensors")
    assert [[lora.adapter.path for lora in each.adapters] for each in twice.entries] == [
        ["loras/neon.safetensors", "loras/rocket.safetensors"]
    ] * 2
    assert entry.adapters == ()


def test_a_lora_on_a_prompt_of_words_leaves_the_words_as_they_are(engine, checkpoint, runtime, heard):
    words = encode_prompt(runtime, heard, heard, "a star", checkpoint.clip)
    changed = put_lora_on_conditioning(*engine, words, checkpoint.model, NEON)
    assert torch.equal(changed.entries[0].embeds, words.entries[0].embeds)
