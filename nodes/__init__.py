"""The built-in nodes: where the graph and the models meet. They know nothing of HTTP or the command line."""
