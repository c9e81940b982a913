"""The three networks of the demo model, in Stable Diffusion 1.x's layout at a fraction of its width."""

from dataclasses import asdict, dataclass

from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from transformers.models.clip.modeling_clip import CLIPTextConfig, CLIPTextModel

from tools.demo_model.attention import NarrowAttention

LATENT_SCALE = 0.18215  # Stable Diffusion 1.x: what the U-Net sees is the VAE's latent times this
END_OF_TEXT, START_OF_TEXT, TOKENS = 49407, 49406, 77
VOCABULARY = 49408


@dataclass(frozen=True)
class Sizes:
    """What makes the model small; every other choice is Stable Diffusion 1.5's."""

    unet_widths: tuple[int, ...] = (32, 64, 96, 96)
    unet_depth: int = 2
    heads: int = 8
    vae_widths: tuple[int, ...] = (32, 64, 96, 96)
    vae_depth: int = 1
    text_width: int = 64
    text_layers: int = 4

    def as_json(self) -> dict:
        return asdict(self)


def norm_groups(widths: tuple[int, ...]) -> int:
    """32 groups, as published files have, would leave one channel per group here and wash colors out."""
    return min(32, widths[0] // 4)


def build_unet(sizes: Sizes) -> UNet2DConditionModel:
    unet = UNet2DConditionModel(
        sample_size=16,
        in_channels=4,
        out_channels=4,
        down_block_types=("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",),
        up_block_types=("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 3,
        block_out_channels=sizes.unet_widths,
        layers_per_block=sizes.unet_depth,
        cross_attention_dim=sizes.text_width,
        attention_head_dim=sizes.heads,  # diffusers calls the number of heads so
        norm_num_groups=norm_groups(sizes.unet_widths),
    )
    unet.set_attn_processor(NarrowAttention())
    return unet


def build_vae(sizes: Sizes) -> AutoencoderKL:
    return AutoencoderKL(
        in_channels=3,
        out_channels=3,
        down_block_types=("DownEncoderBlock2D",) * len(sizes.vae_widths),
        up_block_types=("UpDecoderBlock2D",) * len(sizes.vae_widths),
        block_out_channels=sizes.vae_widths,
        layers_per_block=sizes.vae_depth,
        latent_channels=4,
        norm_num_groups=norm_groups(sizes.vae_widths),
        sample_size=128,
    )


def build_text(sizes: Sizes, *, vocabulary: int = VOCABULARY) -> CLIPTextModel:
    config = CLIPTextConfig(
        vocab_size=vocabulary,
        hidden_size=sizes.text_width,
        intermediate_size=4 * sizes.text_width,
        num_hidden_layers=sizes.text_layers,
        num_attention_heads=max(1, sizes.text_width // 64),
        max_position_embeddings=TOKENS,
        hidden_act="quick_gelu",
        projection_dim=sizes.text_width,
        bos_token_id=0,
        eos_token_id=2,
        pad_token_id=1,
    )
    config._attn_implementation = "sdpa"
    return CLIPTextModel(config)


def text_core(text: CLIPTextModel):
    """The module that holds `embeddings` and `encoder`: transformers moved it up one level in version 5."""
    return getattr(text, "text_model", text)
