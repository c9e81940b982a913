"""Every kind of adapter on the demo model at several strengths, as one picture.

    python benchmarks/adapter_sheet.py [docs/images/adapters_kinds.png]

The first rows are the shipped files as their trainers left them. Others store the shipped LoRA "neon" as another kind
that can hold it. The rest are kinds that cannot: they are taught by it, see `adapter_fits`. Takes a quarter of an hour.
"""

import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import torch
from PIL import Image, ImageDraw
from safetensors.torch import load_file
from torch import Tensor

from benchmarks.adapter_fits import PUPILS, lessons, taught
from diffusion import vae
from diffusion.adapters.extract import factors
from diffusion.adapters.mentions import Mention
from diffusion.adapters.stacking import stacked
from diffusion.checkpoint import Checkpoint, open_checkpoint
from diffusion.device import choose_device
from diffusion.files.folders import ModelFolders
from diffusion.handle import Component, ModelHandle, TextHandle
from diffusion.latent import Latent
from diffusion.residency import Residency
from diffusion.sampling import sample
from diffusion.text.encode import encode
from tests.diffusion.adapters.conversions import CONVERSIONS, product
from tests.diffusion.adapters.loras import Loras

ROOT = Path(__file__).parents[1]
STRENGTHS = (-1.0, 0.0, 0.4, 0.7, 1.0, 1.3)
SHIPPED = {
    # row → (file, prompt)
    "LoRA, trained": ("neon", "a red star on a blue background"),
    "LoRA, an object": ("rocket", "a rocket in the desert at sunset"),
    "LoHa, trained": ("neon-loha", "a red star on a blue background"),
    "LoKr, trained": ("neon-lokr", "a red star on a blue background"),
    "DoRA, trained": ("neon-dora", "a red star on a blue background"),
    "full, trained": ("castle-full", "a sks house on a meadow by day"),
}
PROMPT = "a red star on a blue background"
SIZE, SHOWN, LABEL = 128, 88, 148  # pixels
Row = tuple[str, str, tuple[tuple[str, str], ...]]
"""A file, a prompt, and what `Applied` takes as options."""


def main(path: Path) -> None:
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        loras = Loras(Path(folder))
        rows: dict[str, Row] = {title: (name, prompt, ()) for title, (name, prompt) in SHIPPED.items()}
        shipped = {kind: [ROOT / "models" / kind] for kind in ("checkpoints", "loras")}
        folders = ModelFolders(loras.folder.parents[1], extra=shipped)
        residency = Residency(folders, choose_device("cpu"))
        checkpoint = open_checkpoint(folders, "patchbay-demo.safetensors")
        for kind, tensors in converted(residency, checkpoint):
            rows[f"{kind}, converted"] = (loras.write(f"converted/{kind}", tensors), PROMPT, ())
        rows["DyLoRA, 1 rank of 4"] = (rows["DyLoRA, converted"][0], PROMPT, (("rank", "1"),))
        seen = lessons(residency, folders, checkpoint, "neon.safetensors")
        for kind, pupil in PUPILS.items():
            print(f"teaching {kind}", flush=True)
            tensors = taught(residency, checkpoint, seen, pupil)
            rows[f"{kind}, taught"] = (loras.write(f"taught/{kind}", tensors), PROMPT, ())
        sheet(list(pictures(residency, folders, checkpoint, rows))).save(path, optimize=True)


def converted(residency: Residency, checkpoint: Checkpoint) -> Iterator[tuple[str, dict[str, Tensor]]]:
    """The shipped LoRA, stored as other kinds."""
    modules: dict[str, dict[str, Tensor]] = {}
    for key, tensor in load_file(ROOT / "models" / "loras" / "neon.safetensors").items():
        stem, _, suffix = key.partition(".")
        modules.setdefault(stem, {})[suffix] = tensor
    weights = {**_weights(residency, checkpoint, "model"), **_weights(residency, checkpoint, "text")}
    for kind, convert in {**CONVERSIONS, "sparse remainder": sparse, "DyLoRA": dylora}.items():
        stored = {
            f"{stem}.{suffix}": tensor.contiguous()
            for stem, lora in modules.items()
            for suffix, tensor in convert(lora, weights[stem]).items()
        }
        yield kind, stored


def _weights(residency: Residency, checkpoint: Checkpoint, component: str) -> dict[str, Tensor]:
    """The checkpoint's weights, as kohya calls them."""
    prefix, handle = ("lora_unet_", checkpoint.model) if component == "model" else ("lora_te_", checkpoint.text)
    stored = load_file(ROOT / "models" / "checkpoints" / "patchbay-demo.safetensors")
    return {
        prefix + name.removesuffix(".weight").replace(".", "_"): stored[target.file_name].float()
        for name, target in residency.targets(handle).items()
        if name.endswith(".weight")
    }


def dylora(lora: Mapping[str, Tensor], weight: Tensor) -> dict[str, Tensor]:
    """The same change with its ranks in order of their share in it, so that the first of them are the best of few."""
    up, down = factors(product(lora, weight), len(lora["lora_down.weight"]))
    return {"lora_up.weight": up, "lora_down.weight": down}


def sparse(lora: Mapping[str, Tensor], weight: Tensor) -> dict[str, Tensor]:
    """Half the ranks, and of what is left over the largest tenth of its numbers."""
    change = product(lora, weight)
    up, down = factors(change, len(lora["lora_down.weight"]) // 2)
    rest = (change.flatten(1) - up.flatten(1) @ down.flatten(1)).flatten()
    places = rest.abs().topk(len(rest) // 10).indices
    columns = change[0].numel()
    return {
        "lora_up.weight": up,
        "lora_down.weight": down,
        "bias_indices": torch.stack([places // columns, places % columns]).to(torch.int16),
        "bias_values": rest[places],
        "bias_size": torch.tensor([len(change), columns]),
    }


def pictures(
    residency: Residency, folders: ModelFolders, checkpoint: Checkpoint, rows: Mapping[str, Row]
) -> Iterator[tuple[str, list[Image.Image]]]:
    """Each row's pictures, from the same noise. Without strength they are the model's own, drawn once a prompt."""
    handles: dict[Component, ModelHandle | TextHandle] = {"model": checkpoint.model, "text": checkpoint.text}
    drawn: dict[str, Image.Image] = {}
    for title, (name, prompt, options) in rows.items():
        if prompt not in drawn:
            drawn[prompt] = picture(residency, folders, checkpoint, prompt)
        row = []
        for strength in STRENGTHS:
            mention = Mention("lora", name, strength, strength, options)
            stack = stacked(residency, folders, [mention], handles, note=lambda _: None, warn=print)
            model, text = checkpoint.model.clone(*stack.model), checkpoint.text.clone(*stack.text)
            changed = checkpoint._replace(model=model, text=text)
            row.append(picture(residency, folders, changed, prompt) if strength else drawn[prompt])
        print(title, flush=True)
        yield title, row


def picture(residency: Residency, folders: ModelFolders, checkpoint: Checkpoint, prompt: str) -> Image.Image:
    positive, negative = (encode(residency, folders, checkpoint.text, words, warn=print) for words in (prompt, ""))
    latent = sample(
        residency,
        checkpoint.model,
        positive,
        negative,
        Latent(torch.zeros(1, 4, SIZE // 8, SIZE // 8)),
        seed=5,
        steps=16,
        cfg=4.0,
        sampler_name="euler",
        scheduler="normal",
    )
    pixels = vae.decode(residency, checkpoint.vae, latent.samples)[0]
    return Image.fromarray((pixels * 255).round().clamp(0, 255).byte().numpy())


def sheet(rows: list[tuple[str, list[Image.Image]]]) -> Image.Image:
    """Rows of pictures with their names, under the strengths; few enough colors to be a small file."""
    page = Image.new("RGB", (LABEL + len(STRENGTHS) * SHOWN, 20 + len(rows) * SHOWN), "white")
    draw = ImageDraw.Draw(page)
    for column, strength in enumerate(STRENGTHS):
        draw.text((LABEL + column * SHOWN + 4, 4), f"{strength:g}", "black")
    for number, (title, row) in enumerate(rows):
        top = 20 + number * SHOWN
        draw.text((4, top + SHOWN // 2 - 6), title, "black")
        for column, picture in enumerate(row):
            page.paste(picture.resize((SHOWN - 2, SHOWN - 2), Image.Resampling.LANCZOS), (LABEL + column * SHOWN, top))
    return page.quantize(256, dither=Image.Dither.NONE)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "images" / "adapters_kinds.png")
