"""The edge where packs of public node classes come in. Nothing in Patchbay imports it but the command line.

It refuses to know how the classes are made: it reads the attributes of the public contract, and what a pack may
import is what `shims` holds, visible to packs alone.
"""
