"""The server: a durable queue, the processes that work on it, and what people and programs ask over HTTP."""
