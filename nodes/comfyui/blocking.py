"""What a public class returns in place of an output to keep what reads it from running."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ExecutionBlocker:
    """Nothing that reads this runs; ``message`` says why, None says nothing."""

    message: str | None = None
