"""Nodes that change how a network computes, and leave its weights alone."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

from diffusion.handle import ModelHandle
from diffusion.runtime import Runtime
from graph.declare import Choice, Range, Resource, Tip, node
from graph.reporting import Warn

if TYPE_CHECKING:
    from diffusion.freeu import FreeU


@node("HypernetworkLoader", category="loaders", title="Load Hypernetwork")
def load_hypernetwork(
    runtime: Resource[Runtime],
    model: ModelHandle,
    hypernetwork_name: Annotated[
        str, Choice("hypernetworks"), Tip("A file of the folder `hypernetworks`. No code of it is run.")
    ],
    strength: Annotated[float, Range(-10, 10, step=0.01), Tip("1 as trained, 0 not at all.")] = 1.0,
) -> ModelHandle:
    """Put a hypernetwork on a model: it bends what attention looks at. Several act one on top of the other."""
    from diffusion.hypernetwork import Hypernetwork, open_hypernetwork

    file = open_hypernetwork(runtime.folders, hypernetwork_name, runtime.residency.targets(model))
    return replace(model, block_patches=(*model.block_patches, Hypernetwork(file, strength)))


Backbone1 = Annotated[float, Range(0, 10, step=0.01), Tip("Scales the backbone of the coarse levels.")]
Backbone2 = Annotated[float, Range(0, 10, step=0.01), Tip("Scales the backbone of the next finer level.")]
Skip1 = Annotated[float, Range(0, 10, step=0.01), Tip("Scales the large shapes that the coarse levels are handed on.")]
Skip2 = Annotated[float, Range(0, 10, step=0.01), Tip("Scales the large shapes that the next level is handed on.")]


@node("FreeU", category="model_patches", title="FreeU")
def free_u(
    runtime: Resource[Runtime],
    warn: Resource[Warn],
    model: ModelHandle,
    b1: Backbone1 = 1.1,
    b2: Backbone2 = 1.2,
    s1: Skip1 = 0.9,
    s2: Skip2 = 0.2,
) -> ModelHandle:
    """Weigh what a network makes of the picture against the detail it hands on: often more form for nothing."""
    from diffusion.freeu import FreeU

    return _patched(runtime, warn, model, FreeU(b1, b2, s1, s2))


@node("FreeU_V2", category="model_patches", title="FreeU V2")
def free_u_by_place(
    runtime: Resource[Runtime],
    warn: Resource[Warn],
    model: ModelHandle,
    b1: Backbone1 = 1.3,
    b2: Backbone2 = 1.4,
    s1: Skip1 = 0.9,
    s2: Skip2 = 0.2,
) -> ModelHandle:
    """FreeU that scales the backbone most where it is strongest in the picture."""
    from diffusion.freeu import FreeU

    return _patched(runtime, warn, model, FreeU(b1, b2, s1, s2, by_place=True))


def _patched(runtime: Runtime, warn: Warn, model: ModelHandle, patch: "FreeU") -> ModelHandle:
    if not patch.acts_on(runtime.residency.config(model)):
        warn("FreeU acts where a network is two or four times as wide as at its start; this one nowhere is.")
    return replace(model, block_patches=(*model.block_patches, patch))
