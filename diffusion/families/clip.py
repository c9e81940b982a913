"""The CLIP text encoder (Radford et al. 2021, arXiv:2103.00020) as Stable Diffusion 1.x files hold it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from diffusion.errors import UnreadableFile
from diffusion.families.family import Table, count_numbered, divisor, with_bias
from diffusion.files.header import Header

if TYPE_CHECKING:
    from torch import nn

PREFIXES = ("cond_stage_model.transformer.text_model.", "cond_stage_model.transformer.", "text_model.")
"""Where the encoder lies in a checkpoint, with or without the ``text_model.`` level, and in a file of its own."""
LAYER = (
    "layer_norm1",
    "layer_norm2",
    "mlp.fc1",
    "mlp.fc2",
    "self_attn.q_proj",
    "self_attn.k_proj",
    "self_attn.v_proj",
    "self_attn.out_proj",
)
ACTIVATIONS = ("quick_gelu", "gelu")


@dataclass(frozen=True, slots=True)
class ClipConfig:
    """The shape of a text encoder."""

    vocabulary: int
    tokens: int
    width: int
    inner_width: int
    layers: int
    heads: int
    activation: str


def infer_clip(header: Header) -> ClipConfig | None:
    """Read the configuration off the shapes.

    Shapes do not tell heads and activation: ``patchbay.text.attention_heads`` and ``patchbay.text.activation`` in the
    metadata do, else width / 64 heads and ``quick_gelu``.
    """
    prefix = _prefix(header)
    if prefix is None:
        return None
    vocabulary, width = header.shape(f"{prefix}embeddings.token_embedding.weight")
    activation = header.metadata.get("patchbay.text.activation", "quick_gelu")
    if activation not in ACTIVATIONS:
        raise UnreadableFile(
            f"{header.name}: its metadata says patchbay.text.activation = {activation!r}, which is unknown."
        )
    return ClipConfig(
        vocabulary=vocabulary,
        tokens=_rows(header, f"{prefix}embeddings.position_embedding.weight"),
        width=width,
        inner_width=_rows(header, f"{prefix}encoder.layers.0.mlp.fc1.weight"),
        layers=count_numbered(header.tensors, rf"{prefix}encoder\.layers\.(\d+)\."),
        heads=divisor(header, "text.attention_heads", max(1, width // 64), [width]),
        activation=activation,
    )


def _prefix(header: Header) -> str | None:
    return next((p for p in PREFIXES if f"{p}embeddings.token_embedding.weight" in header.tensors), None)


def _rows(header: Header, name: str) -> int:
    if name not in header.tensors:
        raise UnreadableFile(f"{header.name}: its text encoder is incomplete: {name} is missing.")
    return header.shape(name)[0]


def clip_table(header: Header, config: ClipConfig) -> Table:
    """Canonical name → name in the file, for every weight. Stored position numbers are no weights and left out."""
    modules = ["final_layer_norm"]
    modules += [f"encoder.layers.{layer}.{part}" for layer in range(config.layers) for part in LAYER]
    prefix = _prefix(header) or PREFIXES[0]
    table = {
        f"text_model.embeddings.{kind}_embedding.weight": f"{prefix}embeddings.{kind}_embedding.weight"
        for kind in ("token", "position")
    }
    return table | with_bias({f"text_model.{module}": f"{prefix}{module}" for module in modules})


def clip_parameter_name(name: str) -> str:
    """Where transformers 5 keeps a canonical weight: its CLIPTextModel has no ``text_model.`` level any more."""
    return name.removeprefix("text_model.")


def build_clip(config: ClipConfig) -> nn.Module:
    """Make the module: a transformers CLIPTextModel."""
    import torch
    from transformers.models.clip.configuration_clip import CLIPTextConfig
    from transformers.models.clip.modeling_clip import CLIPTextModel

    model = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=config.vocabulary,
            hidden_size=config.width,
            intermediate_size=config.inner_width,
            num_hidden_layers=config.layers,
            num_attention_heads=config.heads,
            max_position_embeddings=config.tokens,
            hidden_act=config.activation,
            projection_dim=config.width,
            bos_token_id=config.vocabulary - 2,
            eos_token_id=config.vocabulary - 1,
            pad_token_id=config.vocabulary - 1,
        )
    )
    # The only tensor that is no weight: made here in memory even while weights are made on "meta".
    model.embeddings.position_ids = torch.nn.Buffer(
        torch.arange(config.tokens, device="cpu")[None], persistent=False
    )  # (1, tokens)
    return model
