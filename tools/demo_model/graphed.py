"""Records a forward and backward pass as one CUDA graph: these networks are so small that launching is the cost.

See "CUDA Graphs" in PyTorch's notes (https://docs.pytorch.org/docs/stable/notes/cuda.html), whole-network capture.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn


class GraphedPass:
    """Calls replay the recorded pass on new inputs; gradients of `parameters` are overwritten by every replay."""

    def __init__(
        self, run: Callable[..., tuple[Tensor, ...]], parameters: Sequence[nn.Parameter], example: Sequence[Tensor]
    ):
        self.inputs = [tensor.clone(memory_format=torch.preserve_format) for tensor in example]
        beside = torch.cuda.Stream()
        beside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(beside):
            for _ in range(3):
                _forget(parameters)
                run(*self.inputs)
        torch.cuda.current_stream().wait_stream(beside)
        _forget(parameters)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            self.outputs = run(*self.inputs)

    def __call__(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        for place, tensor in zip(self.inputs, inputs, strict=True):
            place.copy_(tensor)
        self.graph.replay()
        return self.outputs


def _forget(parameters: Sequence[nn.Parameter]) -> None:
    for parameter in parameters:
        parameter.grad = None
