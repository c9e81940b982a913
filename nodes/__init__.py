"""The built-in nodes: where the graph and the models meet. They know nothing of HTTP or the command line.

Importing them imports no torch: a node's function imports what is heavy when it runs.
"""

import importlib
from collections.abc import Callable
from typing import Any

MODULES = (
    "loaders",
    "lora",
    "lora_schedule",
    "merge",
    "model_patch",
    "model_saving",
    "conditioning",
    "prompt",
    "conditioning_edit",
    "control",
    "latent",
    "tiled",
    "latent_edit",
    "inpaint",
    "sampling",
    "custom_sampling",
    "sigmas",
    "guidance",
    "model_sampling",
    "image",
    "image_save",
    "image_edit",
    "image_filters",
    "upscale",
    "mask",
    "values",
    "text",
    "math",
)
"""Every file of nodes; a new one is added here."""


def builtin() -> list[Callable[..., Any]]:
    """Every built-in node function, in the order in which the files declare them."""
    modules = [importlib.import_module(f"nodes.{name}") for name in MODULES]
    return [value for module in modules for value in vars(module).values() if is_node(value, module.__name__)]


def is_node(value: Any, module: str) -> bool:
    return hasattr(value, "node_type") and value.__module__ == module
