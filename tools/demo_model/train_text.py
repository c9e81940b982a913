"""Teaches the text encoder alone what captions say, before the U-Net sees it.

A caption fills a dozen of 77 places and the rest is padding, so cross-attention mostly reads padding. Here every
place after the caption has to tell all that the caption says through one linear layer. Without it, 24,000 pictures
of U-Net training showed no color following the prompt; after a minute of it, the next 32,000 did.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tools.demo_model.networks import TOKENS, Sizes, build_text, text_core
from tools.demo_model.optimizer import Optimizer
from tools.demo_model.palette import COLOR_NAMES
from tools.demo_model.shapes import SHAPES
from tools.demo_model.specs import LANDS, RELATIONS, SIZES, TIMES, ManyShapes, OneShape, Scene, Spec, TwoShapes
from tools.demo_model.vocabulary import Vocabulary

THINGS = ("house", "tree", "house and tree", "sailboat", "mountains", "")
NOTHING = -100  # cross-entropy passes over it
QUESTIONS: dict[str, Sequence] = {
    "kind": (OneShape, TwoShapes, ManyShapes, Scene),
    "background": COLOR_NAMES,
    "color": COLOR_NAMES,
    "shape": SHAPES,
    "size": SIZES,
    "other color": COLOR_NAMES,
    "other shape": SHAPES,
    "relation": RELATIONS,
    "count": (2, 3),
    "land": LANDS,
    "time": TIMES,
    "thing": THINGS,
}


@dataclass
class TextPlan:
    steps: int = 600
    batch: int = 128
    rate: float = 3e-3


def answers(spec: Spec) -> dict[str, object]:
    """What a caption of this spec says; questions that it leaves open are not in it."""
    match spec:
        case OneShape(color, shape, background, size):
            told = {"color": color, "shape": shape, "background": background, "size": size}
        case TwoShapes((color, shape), (other_color, other_shape), relation, background):
            told = {"color": color, "shape": shape, "other color": other_color, "other shape": other_shape}
            told |= {"relation": relation, "background": background}
        case ManyShapes(color, shape, count, background):
            told = {"color": color, "shape": shape, "count": count, "background": background}
        case Scene(land, time_of_day, thing, color):
            told = {"land": land, "time": time_of_day, "thing": thing} | ({"color": color} if color else {})
    return told | {"kind": type(spec)}


def answer_table(specs: Sequence[Spec]) -> Tensor:
    """Index of each answer: (N, questions)."""
    rows = []
    for spec in specs:
        told = answers(spec)
        rows.append([list(options).index(told[q]) if q in told else NOTHING for q, options in QUESTIONS.items()])
    return torch.tensor(rows)


def train_text(
    sizes: Sizes,
    words: Vocabulary,
    ids: Tensor,
    disturbed: Tensor,
    told: Tensor,
    plan: TextPlan,
    *,
    device: str = "cpu",
    seed: int = 0,
    log: Callable[[str], None] = print,
) -> dict[str, Tensor]:
    """Weights of an encoder whose padding tells what the caption says; `told` is the captions' `answer_table`."""
    torch.manual_seed(seed)
    text = build_text(sizes, vocabulary=words.rows)
    table = text_core(text).embeddings.token_embedding
    with torch.no_grad():
        table.weight.mul_(5)  # CLIP's initialization of 0.02 is meant for wider networks
        for name, weight in text.named_parameters():
            if name.endswith(("out_proj.weight", "fc2.weight")):
                weight.mul_(0.5)
    text.to(device)
    widths = [len(options) for options in QUESTIONS.values()]
    probe = nn.Linear(sizes.text_width, sum(widths)).to(device)
    generator = torch.Generator(device).manual_seed(seed)
    told, ids, disturbed = told.to(device), ids.to(device), disturbed.to(device)
    parts = (*text_core(text).embeddings.parameters(), *probe.parameters())
    optimizer = Optimizer([(text.parameters(), 1.0), (probe.parameters(), 1.0)], plain=parts)
    begun = time.monotonic()
    for step in range(plan.steps):
        if step % 25 == 0:
            words.shuffle_unknown(table.weight, generator)
        chosen = torch.randint(len(ids), (plan.batch,), generator=generator, device=device)
        batch = words.mix(ids[chosen], disturbed[chosen], generator, dropped=0.0)
        states = text(input_ids=batch).last_hidden_state  # (B, 77, width)
        ends = (batch == words.end).int().argmax(1)
        rows = torch.arange(plan.batch, device=device)
        ahead = torch.randint(1, TOKENS, (plan.batch,), generator=generator, device=device)
        places = torch.stack([ends, (ends + ahead).clamp(max=TOKENS - 1), torch.full_like(ends, TOKENS - 1)])
        logits = probe(states[rows, places])  # (3, B, all options)
        loss, right = _score(logits, told[chosen], widths)
        optimizer.zero_grad()
        loss.backward()
        words.freeze_unknown(table.weight.grad)
        optimizer.step(plan.rate * min(1.0, (step + 1) / 20) * (1 - 0.98 * step / plan.steps))
        if (step + 1) % 50 == 0:
            took = time.monotonic() - begun
            log(f"text step {step + 1} loss {loss.item():.3f} all right {right.item():.3f} {took:.0f} s")
    return {name: tensor.detach().cpu() for name, tensor in text.state_dict().items()}


def _score(logits: Tensor, told: Tensor, widths: Sequence[int]) -> tuple[Tensor, Tensor]:
    """Summed cross-entropy over the questions, and the share of captions with every answer right."""
    loss = logits.new_zeros(())
    right = torch.ones(told.shape[0], dtype=torch.bool, device=told.device)
    for question, part in enumerate(logits.split(list(widths), -1)):
        target = told[:, question]
        known = target != NOTHING
        wrong = F.cross_entropy(part.flatten(0, 1), target.repeat(3), ignore_index=NOTHING, reduction="sum")
        loss = loss + wrong / (3 * known.sum().clamp(min=1))
        right &= ~known | (part[-1].argmax(-1) == target)
    return loss, right.float().mean()
