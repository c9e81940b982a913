"""``comfy_execution.graph``: what packs import from it."""

from nodes.comfyui.blocking import ExecutionBlocker
from nodes.comfyui.prompts import LiveGraph as DynamicPrompt

__all__ = ["DynamicPrompt", "ExecutionBlocker"]
