"""Muon for matrices and convolutions, AdamW for the rest.

Muon (Keller Jordan, https://kellerjordan.github.io/posts/muon/) takes momentum and makes it orthogonal with a few
Newton-Schulz steps. With zero-initialized residual ends it took the autoencoder to 22.9 dB where AdamW had 15.4.
"""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn

_NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
_MATRIX_MINIMUM = 16  # smaller matrices gain nothing from being made orthogonal


class Optimizer:
    """Both optimizers under one learning rate; `share` scales it for a group of parameters."""

    def __init__(self, groups: Sequence[tuple[Iterable[nn.Parameter], float]], *, plain: Iterable[nn.Parameter] = ()):
        kept_plain = {id(parameter) for parameter in plain}
        matrices, others = [], []
        for parameters, share in groups:
            chosen = [p for p in parameters if p.requires_grad]
            is_matrix = [_is_matrix(p) and id(p) not in kept_plain for p in chosen]
            matrices.append({"params": [p for p, yes in zip(chosen, is_matrix, strict=True) if yes], "share": share})
            others.append({"params": [p for p, yes in zip(chosen, is_matrix, strict=True) if not yes], "share": share})
        self.parts = (
            Muon(matrices),
            torch.optim.AdamW(others, lr=1e-3, betas=(0.9, 0.99), weight_decay=0.0, foreach=True),
        )

    def step(self, rate: float) -> None:
        for part in self.parts:
            for group in part.param_groups:
                group["lr"] = rate * group["share"]
            part.step()

    def zero_grad(self) -> None:
        for part in self.parts:
            part.zero_grad(set_to_none=True)

    def state_dict(self) -> list[dict]:
        return [part.state_dict() for part in self.parts]

    def load_state_dict(self, states: list[dict]) -> None:
        for part, state in zip(self.parts, states, strict=True):
            part.load_state_dict(state)


class Muon(torch.optim.Optimizer):
    """Orthogonal momentum; the update's size matches Adam's: 0.2 sqrt(longer side) as root mean square."""

    def __init__(self, groups: Iterable[dict], *, momentum: float = 0.95, decay: float = 0.01):
        super().__init__(groups, {"lr": 1e-3, "momentum": momentum, "decay": decay, "share": 1.0})

    @torch.no_grad()
    def step(self) -> None:
        for group in self.param_groups:
            parameters = [p for p in group["params"] if p.grad is not None]
            if not parameters:
                continue
            gradients = [p.grad for p in parameters]
            for p in parameters:
                self.state[p].setdefault("momentum", torch.zeros_like(p))
            momenta = [self.state[p]["momentum"] for p in parameters]
            torch._foreach_lerp_(momenta, gradients, 1 - group["momentum"])
            updates = torch._foreach_lerp(gradients, momenta, group["momentum"])  # Nesterov's look ahead
            directions = orthogonal([u.reshape(u.shape[0], -1) for u in updates])
            torch._foreach_mul_(parameters, 1 - group["lr"] * group["decay"])
            for p, direction in zip(parameters, directions, strict=True):
                p.add_(direction.reshape(p.shape), alpha=-0.2 * max(direction.shape) ** 0.5 * group["lr"])


def orthogonal(matrices: Sequence[Tensor], *, steps: int = 5) -> list[Tensor]:
    """Each matrix with its singular values brought near 1.

    The iteration runs on the Gram matrix of the shorter side, which is small here, and on all of one size at once.
    """
    a, b, c = _NEWTON_SCHULZ
    tall = [m.shape[0] > m.shape[1] for m in matrices]
    wide = [m.T if t else m for m, t in zip(matrices, tall, strict=True)]
    results: list[Tensor] = list(matrices)
    by_side: dict[int, list[int]] = {}
    for index, m in enumerate(wide):
        by_side.setdefault(m.shape[0], []).append(index)
    for side, indices in by_side.items():
        gram = torch.stack([wide[i] @ wide[i].T for i in indices])  # (N, side, side)
        trace = gram.diagonal(dim1=1, dim2=2).sum(1).clamp(min=1e-14)
        power = gram / trace[:, None, None]
        product = trace.rsqrt()[:, None, None] * torch.eye(side, device=gram.device)
        for step in range(steps):
            polynomial = torch.baddbmm(power, power, power, beta=b, alpha=c)
            polynomial.diagonal(dim1=1, dim2=2).add_(a)
            product = polynomial @ product
            if step < steps - 1:
                power = polynomial @ (polynomial @ power)
        for place, index in enumerate(indices):
            result = product[place] @ wide[index]
            results[index] = result.T if tall[index] else result
    return results


def _is_matrix(parameter: nn.Parameter) -> bool:
    return parameter.ndim >= 2 and min(parameter.shape[0], parameter[0].numel()) >= _MATRIX_MINIMUM
