import pytest

from diffusion.errors import UnknownFamily
from diffusion.families.detection import detect, looks_like
from diffusion.files.header import Header, TensorEntry

UNET = "model.diffusion_model."


def header(shapes: dict[str, tuple[int, ...]]) -> Header:
    return Header({name: TensorEntry("F16", shape, 0, 0) for name, shape in shapes.items()}, name="x.safetensors")


FIRST = {f"{UNET}input_blocks.0.0.weight": (320, 4, 3, 3)}
CONTEXT = f"{UNET}input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight"
OTHERS = {
    "Stable Diffusion XL": FIRST
    | {f"{UNET}label_emb.0.0.weight": (1280, 2816), "conditioner.embedders.1.model.ln_final.weight": (1280,)},
    "Stable Diffusion XL's refiner": FIRST
    | {
        f"{UNET}label_emb.0.0.weight": (1536, 2560),
        "conditioner.embedders.0.model.token_embedding.weight": (49408, 1280),
    },
    "Stable Diffusion 2": FIRST
    | {CONTEXT: (320, 1024), "cond_stage_model.model.token_embedding.weight": (49408, 1024)},
    "Stable Diffusion 3": {f"{UNET}joint_blocks.0.x_block.attn.qkv.weight": (4608, 1536)},
    "FLUX": {f"{UNET}double_blocks.0.img_attn.qkv.weight": (9216, 3072)},
    "a LoRA — use LoraLoader": {"lora_unet_mid_block_attentions_0_proj_in.lora_up.weight": (320, 4)},
    "a textual inversion": {"emb_params": (4, 768)},
    "a ControlNet": {"control_model.input_blocks.0.0.weight": (320, 4, 3, 3)},
    "a VAE — use VAELoader": {"encoder.down.0.block.0.conv1.weight": (128, 128, 3, 3)},
    "a text encoder alone": {"text_model.embeddings.token_embedding.weight": (49408, 768)},
}


@pytest.mark.parametrize("likeness", OTHERS)
def test_a_file_of_another_kind_is_refused_by_name(likeness):
    with pytest.raises(UnknownFamily, match=r"^x\.safetensors is not a checkpoint of Stable Diffusion 1\.x\. It looks"):
        detect(header(OTHERS[likeness]))
    assert looks_like(header(OTHERS[likeness])).startswith(likeness)


def test_a_file_that_looks_like_nothing_is_refused_too():
    with pytest.raises(UnknownFamily, match="looks like nothing known"):
        detect(header({"weight": (1,)}))


def test_sd2_without_its_text_encoder_is_told_by_the_width_it_listens_to():
    assert looks_like(header(FIRST | {CONTEXT: (320, 1024)})).startswith("Stable Diffusion 2")


def test_a_network_alone_that_listens_to_768_numbers_is_sd1():
    assert detect(header(FIRST | {CONTEXT: (320, 768)})).id == "sd15"


def test_the_demo_checkpoint_is_sd1(demo):
    assert demo.model.family == "sd15"


@pytest.mark.parametrize(
    "name",
    [
        "lora_unet_mid_block_resnets_0_norm1.w_norm",
        "lora_te_text_model_encoder_layers_0_mlp_fc1.on_input",
        "lycoris_mid_block_resnets_0_conv1.diff",
        "unet.mid_block.attentions.0.transformer_blocks.0.attn1.processor.to_q_lora.up.weight",
        "base_model.model.mid_block.attentions.0.proj_in.lora_A.weight",
    ],
)
def test_adapters_of_any_kind_and_dialect_are_known_by_their_names(name):
    assert looks_like(header({name: (4, 4)})) == "a LoRA — use LoraLoader"
