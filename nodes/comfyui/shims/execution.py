"""``execution``: what packs import from it."""

from nodes.comfyui.blocking import ExecutionBlocker

__all__ = ["ExecutionBlocker"]
