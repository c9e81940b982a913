"""What is to blame where numbers stopped being numbers. Looked for only then: it reads every weight."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from diffusion.recipes import FromFile, files_of

if TYPE_CHECKING:
    from diffusion.residency import Handle, Residency


def cause_of_not_finite(residency: Residency, *handles: Handle) -> str | None:
    """A sentence that names the first unsound weight of resident models, and its file; None where all are sound."""
    for handle in handles:
        name = residency.unsound(handle)
        if name is None:
            continue
        recipe = residency.pristine(handle)[name]
        files = " and ".join(file.path for file in files_of(handle.weights))
        if not recipe.value(torch.device("cpu")).isfinite().all():
            said = recipe.name if isinstance(recipe, FromFile) else name
            return f"The weight {said} of {files} holds values that are not numbers: the file is damaged. Get it again."
        return (
            f"The weight {name} of {files} is no number once what is on the model is added and it is rounded to the "
            "device's number format. Try it without adapters, or in float32."
        )
    return None
