"""The values of `diffusion` as the graph engine wants to know them: the engine's `Codecs`, filled in."""

from diffusion.codecs import dump, load, read, write
from diffusion.digest import digest, size


class NodeCodecs:
    """Digests, sizes and files of what travels between the built-in nodes."""

    digest = staticmethod(digest)
    size = staticmethod(size)
    dump = staticmethod(dump)
    load = staticmethod(load)
    write = staticmethod(write)
    read = staticmethod(read)
