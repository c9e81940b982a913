"""Everything models and files can refuse, and how they say so.

DiffusionError
 ├─ FileNotInFolder    no file of that name in the model folders, or more than one
 ├─ UnreadableFile     a file is not what it claims to be: truncated, a web page, code, NaN
 ├─ UnknownFamily      a checkpoint of a kind this program does not run
 ├─ AdapterMismatch    an adapter changes nothing of the model it was given
 ├─ NotFinite          numbers stopped being numbers while sampling or decoding
 ├─ OutOfMemory        the device is full
 └─ Stopped            somebody pressed stop, and a block of the network noticed
"""


class DiffusionError(Exception):
    """Base of every error this package raises on purpose. Its text is one sentence for a user."""


class FileNotInFolder(DiffusionError):
    """No file of that name, or an ambiguous name. The text lists near names or the candidates."""


class UnreadableFile(DiffusionError):
    """A file cannot be read as what it should be. The text names it by its portable name, never by its path."""


class UnknownFamily(DiffusionError):
    """A checkpoint of another family. The text says what it looks like."""


class AdapterMismatch(DiffusionError):
    """An adapter changes nothing of the model. The text says what it was made for."""


class NotFinite(DiffusionError):
    """NaN or infinity where a picture should be."""


class OutOfMemory(DiffusionError):
    """The device has not enough memory. The text says what would help."""


class Stopped(DiffusionError):
    """Sampling was stopped from outside."""
