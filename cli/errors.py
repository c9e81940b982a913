"""How a command ends."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What the shell hears."""

    DONE = 0
    FAILED = 1
    REFUSED = 2
    CANCELLED = 130


class CommandError(Exception):
    """The command cannot start: a file that is not there, an option that means nothing. One sentence for a user."""
