"""Ways to change a weight. One file per kind of adapter, each a frozen value with a delta().

How trainers spell a weight's name is `dialects`' business, which tensors make which kind is `kinds`', and
neither knows the other. Nothing here knows a file format, a module or a device, and importing any of it loads no
torch: a server may inspect an adapter.
"""
