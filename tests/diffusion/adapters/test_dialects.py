"""Names as trainers write them, by hand, and the weights they must reach."""

import pytest

from diffusion.adapters.dialects import Place, Rows, spellings
from diffusion.adapters.suffixes import split_key
from diffusion.families.family import Target

QUERY = "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q"
OUT = "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_out.0"
TEXT_QUERY = "text_model.encoder.layers.0.self_attn.q_proj"
SD1 = {
    "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q.lora_up.weight": QUERY,
    "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_out_0.lora_down.weight": OUT,
    "lora_unet_down_blocks_0_resnets_0_conv1.hada_w1_a": "down_blocks.0.resnets.0.conv1",
    "lora_unet_input_blocks_1_1_transformer_blocks_0_attn1_to_q.lora_up.weight": QUERY,
    "lora_unet_input_blocks_1_0_in_layers_2.lokr_w1": "down_blocks.0.resnets.0.conv1",
    "lycoris_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q.lokr_w1": QUERY,
    "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q.lora_A.weight": QUERY,
    "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_out.0.lora_B.weight": OUT,
    "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.processor.to_q_lora.up.weight": QUERY,
    "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.processor.to_out_lora.down.weight": OUT,
    "down_blocks.0.attentions.0.transformer_blocks.0.attn1.processor.to_q_lora.up.weight": QUERY,
    "base_model.model.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q.lora_A.default.weight": QUERY,
    "unet.base_model.model.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q.lora_A.style.weight": QUERY,
    "diffusion_model.input_blocks.1.1.transformer_blocks.0.attn1.to_q.lora_A.weight": QUERY,
    "model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn1.to_q.diff": QUERY,
    "lora_te_text_model_encoder_layers_0_self_attn_q_proj.lora_up.weight": TEXT_QUERY,
    "text_encoder.text_model.encoder.layers.0.self_attn.q_proj.lora_A.weight": TEXT_QUERY,
    "text_encoder.encoder.layers.0.self_attn.q_proj.lora_A.weight": TEXT_QUERY,
    "text_encoder.text_model.encoder.layers.0.self_attn.q_proj.lora_linear_layer.up.weight": TEXT_QUERY,
    "cond_stage_model.transformer.text_model.encoder.layers.0.self_attn.q_proj.diff": TEXT_QUERY,
}


def reach(index, key):
    """The module that a key stands for, by canonical name."""
    (place,) = index[split_key(key)[0]].places
    return place.module


@pytest.mark.parametrize("key", SD1)
def test_every_dialect_reaches_stable_diffusion_1(key, targets):
    assert reach(spellings(targets), key) == SD1[key]


def test_stable_diffusion_2_is_reached_by_the_text_names_it_was_trained_under():
    fused = "cond_stage_model.model.transformer.resblocks.0.attn.in_proj_weight"
    names = [f"text_model.encoder.layers.0.self_attn.{part}_proj" for part in "qkv"]
    index = spellings({"text": {f"{name}.weight": Target(f"{name}.weight", (8, 8), fused) for name in names}})
    assert reach(index, "lora_te_text_model_encoder_layers_0_self_attn_k_proj.lora_up.weight") == names[1]
    assert [place.module for place in index[fused].places] == names


def as_targets(modules):
    return {
        f"{module}.weight": Target(f"{module}.weight", shape, f"{file_name}.weight")
        for module, (file_name, shape) in modules.items()
    }


SDXL_MODEL = {
    "down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q": (
        "model.diffusion_model.input_blocks.4.1.transformer_blocks.0.attn1.to_q",
        (32, 32),
    ),
    "down_blocks.0.resnets.0.time_emb_proj": ("model.diffusion_model.input_blocks.1.0.emb_layers.1", (32, 64)),
    "down_blocks.0.downsamplers.0.conv": ("model.diffusion_model.input_blocks.3.0.op", (32, 32, 3, 3)),
    "add_embedding.linear_1": ("model.diffusion_model.label_emb.0.0", (64, 96)),
    "time_embedding.linear_1": ("model.diffusion_model.time_embed.0", (64, 32)),
}
SDXL_TEXT = {
    f"clip_l.{TEXT_QUERY}": (f"conditioner.embedders.0.transformer.{TEXT_QUERY}", (32, 32)),
    "clip_g.text_model.encoder.layers.0.self_attn.q_proj": (
        "conditioner.embedders.1.model.transformer.resblocks.0.attn.in_proj",
        (40, 40),
    ),
    "clip_g.text_projection": ("conditioner.embedders.1.model.text_projection", (40, 40)),
}
SDXL_QUERY = next(iter(SDXL_MODEL))
SDXL = {
    "lora_unet_input_blocks_4_1_transformer_blocks_0_attn1_to_q.lora_up.weight": SDXL_QUERY,
    "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn1_to_q.lora_up.weight": SDXL_QUERY,
    "unet.down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q.lora_A.weight": SDXL_QUERY,
    "lora_unet_input_blocks_1_0_emb_layers_1.lora_up.weight": "down_blocks.0.resnets.0.time_emb_proj",
    "lora_unet_input_blocks_3_0_op.lora_up.weight": "down_blocks.0.downsamplers.0.conv",
    "lora_unet_label_emb_0_0.lora_up.weight": "add_embedding.linear_1",
    "lora_unet_time_embed_0.lora_up.weight": "time_embedding.linear_1",
    "lora_te1_text_model_encoder_layers_0_self_attn_q_proj.alpha": f"clip_l.{TEXT_QUERY}",
    "lora_te2_text_model_encoder_layers_0_self_attn_q_proj.alpha": f"clip_g.{TEXT_QUERY}",
    "lora_te2_text_projection.lora_up.weight": "clip_g.text_projection",
    "text_encoder.text_model.encoder.layers.0.self_attn.q_proj.lora_A.weight": f"clip_l.{TEXT_QUERY}",
    "text_encoder_2.text_model.encoder.layers.0.self_attn.q_proj.lora_A.weight": f"clip_g.{TEXT_QUERY}",
}


@pytest.mark.parametrize("key", SDXL)
def test_every_dialect_reaches_sdxl(key):
    index = spellings({"model": as_targets(SDXL_MODEL), "text": as_targets(SDXL_TEXT)})
    assert reach(index, key) == SDXL[key]


DOUBLE, SINGLE = "double_blocks.0", "single_blocks.3"
FLUX_MODEL = {
    "transformer_blocks.0.attn.to_q": (f"{DOUBLE}.img_attn.qkv", (8, 8)),
    "transformer_blocks.0.attn.to_k": (f"{DOUBLE}.img_attn.qkv", (8, 8)),
    "transformer_blocks.0.attn.to_v": (f"{DOUBLE}.img_attn.qkv", (8, 8)),
    "transformer_blocks.0.attn.add_q_proj": (f"{DOUBLE}.txt_attn.qkv", (8, 8)),
    "transformer_blocks.0.attn.add_k_proj": (f"{DOUBLE}.txt_attn.qkv", (8, 8)),
    "transformer_blocks.0.attn.add_v_proj": (f"{DOUBLE}.txt_attn.qkv", (8, 8)),
    "transformer_blocks.0.attn.to_out.0": (f"{DOUBLE}.img_attn.proj", (8, 8)),
    "transformer_blocks.0.ff.net.0.proj": (f"{DOUBLE}.img_mlp.0", (32, 8)),
    "transformer_blocks.0.norm1.linear": (f"{DOUBLE}.img_mod.lin", (48, 8)),
    "single_transformer_blocks.3.attn.to_q": (f"{SINGLE}.linear1", (8, 8)),
    "single_transformer_blocks.3.attn.to_k": (f"{SINGLE}.linear1", (8, 8)),
    "single_transformer_blocks.3.attn.to_v": (f"{SINGLE}.linear1", (8, 8)),
    "single_transformer_blocks.3.proj_mlp": (f"{SINGLE}.linear1", (32, 8)),
    "single_transformer_blocks.3.proj_out": (f"{SINGLE}.linear2", (8, 40)),
    "x_embedder": ("img_in", (8, 64)),
}
FLUX_TEXT = {
    f"clip_l.{TEXT_QUERY}": (f"text_encoders.clip_l.transformer.{TEXT_QUERY}", (8, 8)),
    "t5xxl.encoder.block.0.layer.0.SelfAttention.q": (
        "text_encoders.t5xxl.transformer.encoder.block.0.layer.0.SelfAttention.q",
        (8, 8),
    ),
}
FLUX = {
    "lora_unet_double_blocks_0_img_attn_proj.lora_up.weight": "transformer_blocks.0.attn.to_out.0",
    "lora_unet_double_blocks_0_img_mlp_0.lora_up.weight": "transformer_blocks.0.ff.net.0.proj",
    "lora_unet_single_blocks_3_linear2.lora_up.weight": "single_transformer_blocks.3.proj_out",
    "lora_unet_img_in.lora_up.weight": "x_embedder",
    "diffusion_model.double_blocks.0.img_mod.lin.lora_A.weight": "transformer_blocks.0.norm1.linear",
    "transformer.transformer_blocks.0.attn.to_q.lora_A.weight": "transformer_blocks.0.attn.to_q",
    "transformer.single_transformer_blocks.3.proj_mlp.lora_A.weight": "single_transformer_blocks.3.proj_mlp",
    "lora_transformer_single_transformer_blocks_3_attn_to_k.lora_up.weight": "single_transformer_blocks.3.attn.to_k",
    "lycoris_transformer_blocks_0_attn_to_q.lokr_w1": "transformer_blocks.0.attn.to_q",
    "double_blocks.0.processor.proj_lora1.down.weight": "transformer_blocks.0.attn.to_out.0",
    "single_blocks.3.processor.proj_lora.up.weight": "single_transformer_blocks.3.proj_out",
    "lora_te1_text_model_encoder_layers_0_self_attn_q_proj.alpha": f"clip_l.{TEXT_QUERY}",
    "lora_te3_encoder_block_0_layer_0_SelfAttention_q.alpha": "t5xxl.encoder.block.0.layer.0.SelfAttention.q",
    "lora_te2_encoder_block_0_layer_0_SelfAttention_q.alpha": "t5xxl.encoder.block.0.layer.0.SelfAttention.q",
    "text_encoder_2.encoder.block.0.layer.0.SelfAttention.q.lora_A.weight": (
        "t5xxl.encoder.block.0.layer.0.SelfAttention.q"
    ),
}


@pytest.fixture(scope="module")
def flux():
    return spellings({"model": as_targets(FLUX_MODEL), "text": as_targets(FLUX_TEXT)})


@pytest.mark.parametrize("key", FLUX)
def test_every_dialect_reaches_flux(key, flux):
    assert reach(flux, key) == FLUX[key]


@pytest.mark.parametrize("stem", ["lora_unet_single_blocks_3_linear1", "diffusion_model.single_blocks.3.linear1"])
def test_a_fused_matrix_stands_for_its_parts_in_order(stem, flux):
    block = "single_transformer_blocks.3"
    assert flux[stem].places == (
        Place("model", f"{block}.attn.to_q", Rows(0, 8, 56)),
        Place("model", f"{block}.attn.to_k", Rows(8, 16, 56)),
        Place("model", f"{block}.attn.to_v", Rows(16, 24, 56)),
        Place("model", f"{block}.proj_mlp", Rows(24, 56, 56)),
    )


def test_xlabs_means_queries_keys_and_values_alone(flux):
    places = flux["single_blocks.3.processor.qkv_lora"].places
    assert [(place.module.rpartition(".")[2], place.part.total) for place in places] == [
        ("to_q", 24),
        ("to_k", 24),
        ("to_v", 24),
    ]


@pytest.mark.parametrize("key", ["unet.conv_in", "lora_unet_to_q.something", "alpha", ""])
def test_a_key_that_no_trainer_writes_is_not_split(key):
    assert split_key(key) is None
