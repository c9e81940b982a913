import pytest

from diffusion.errors import AdapterMismatch, FileNotInFolder
from diffusion.files.identity import autov3
from diffusion.handle import Patched
from diffusion.runtime import Runtime
from nodes.lora import files_in_list, load_lora, load_lora_by_block, load_lora_on_model, load_loras


@pytest.fixture
def noted():
    return []


@pytest.fixture
def engine(runtime, heard, noted):
    """What the engine supplies to every loader of adapters."""
    return runtime, heard, noted.append


def stack(handle):
    return [(applied.adapter.path, applied.strength, applied.options) for applied in handle.weights.stack]


def test_a_lora_goes_onto_clones_with_a_strength_for_each(engine, checkpoint):
    model, clip = load_lora(*engine, checkpoint.model, checkpoint.clip, "neon.safetensors", 0.8, -0.5)
    assert isinstance(model.weights, Patched)
    assert stack(model) == [("loras/neon.safetensors", 0.8, ())]
    assert stack(clip) == [("loras/neon.safetensors", -0.5, ())]
    assert checkpoint.model.weights == model.weights.base


def test_loras_stack_in_the_order_in_which_they_are_put_on(engine, checkpoint):
    model, clip = load_lora(*engine, checkpoint.model, checkpoint.clip, "neon.safetensors")
    model, clip = load_lora(*engine, model, clip, "rocket.safetensors", 0.5)
    assert [path for path, _, _ in stack(model)] == ["loras/neon.safetensors", "loras/rocket.safetensors"]


def test_a_lora_that_fits_whole_says_what_it_did_and_warns_of_nothing(engine, checkpoint, heard, noted, runtime):
    load_lora(*engine, checkpoint.model, checkpoint.clip, "rocket.safetensors")
    assert noted == [
        "loras/rocket.safetensors: LoRA of rank 4 and alpha 4 made for Stable Diffusion 1.x with kohya, changes 192 "
        "modules of the model and 24 modules of the text encoder. Trigger words: rocket. "
        f"Hash {autov3(runtime.folders.path('loras', 'rocket.safetensors'))}."
    ]
    assert heard.warnings == []


def test_a_lora_on_the_model_alone_leaves_out_what_is_for_the_text_encoder(engine, checkpoint, noted):
    model = load_lora_on_model(*engine, checkpoint.model, "neon.safetensors", 0.8)
    assert [strength for _, strength, _ in stack(model)] == [0.8]
    assert "changes 192 modules of the model." in noted[0]


def test_a_lora_that_is_not_there_is_named(engine, checkpoint):
    with pytest.raises(FileNotInFolder, match="neon"):
        load_lora(*engine, checkpoint.model, checkpoint.clip, "neom.safetensors")


def test_block_weights_a_rank_and_the_weight_it_reads_are_options_of_the_adapter(engine, checkpoint):
    model, clip = load_lora_by_block(
        *engine, checkpoint.model, checkpoint.clip, "neon.safetensors", 0.8, 0.5, "OUTALL", 2, "running"
    )
    outputs = ",".join(["1"] + ["0"] * 16 + ["1"] * 9)
    options = (("blocks", outputs), ("rank", "2"), ("against", "running"))
    assert stack(model) == [("loras/neon.safetensors", 0.8, options)]
    assert stack(clip) == [("loras/neon.safetensors", 0.5, options)]


def test_block_weights_that_change_nothing_make_the_same_model(engine, checkpoint):
    pair = checkpoint.model, checkpoint.clip, "neon.safetensors"
    assert load_lora_by_block(*engine, *pair) == load_lora(*engine, *pair)


def test_wrong_block_weights_are_refused(engine, checkpoint):
    with pytest.raises(AdapterMismatch, match="block weights"):
        load_lora_by_block(*engine, checkpoint.model, checkpoint.clip, "neon.safetensors", block_weights="1,2")


def test_a_rank_is_warned_of_where_it_means_nothing(engine, checkpoint, heard):
    load_lora_by_block(*engine, checkpoint.model, checkpoint.clip, "neon-loha.safetensors", rank=2)
    assert heard.warnings == ["loras/neon-loha.safetensors: a rank can be chosen of LoRA alone; LoHa is applied whole."]


def test_many_loras_are_a_line_each(engine, checkpoint, noted):
    lines = "neon:0.8\n# pixel\nrocket:1:0\ncastle-full:0.5:lbw=MIDD"
    model, clip = load_loras(*engine, checkpoint.model, checkpoint.clip, lines)
    assert [(path, strength) for path, strength, _ in stack(model)] == [
        ("loras/neon.safetensors", 0.8),
        ("loras/rocket.safetensors", 1.0),
        ("loras/castle-full.safetensors", 0.5),
    ]
    assert [strength for _, strength, _ in stack(clip)] == [0.8, 0.0, 0.5]
    assert len(noted) == 3


def test_wrong_lines_and_block_weights_are_faults_before_anything_runs():
    check = load_loras.node_type.validate
    assert "name:model:clip" in check({"loras": "neon:strong"}, {})
    assert "block weights" in load_lora_by_block.node_type.validate({"block_weights": "1,2"}, {})
    assert check({"loras": "neon:0.5"}, {}) == check({}, {"loras": "STRING"}) == ""


def test_no_lines_change_nothing(engine, checkpoint):
    assert load_loras(*engine, checkpoint.model, checkpoint.clip, "") == (checkpoint.model, checkpoint.clip)


@pytest.mark.parametrize(
    ("lines", "files"), [("neon\npixel:0.5", 2), ("neon\nneon", 1), ("no such one", 0), ("a:b", 0)]
)
def test_files_that_lines_name_are_part_of_what_the_node_depends_on(runtime, lines, files):
    assert files_in_list({"loras": lines}, {Runtime: runtime}).count("@") == files
