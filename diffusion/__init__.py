"""Models, adapters and sampling, usable as a library. It knows nothing of graphs, nodes, HTTP or the command line."""
