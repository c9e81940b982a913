"""The dataflow engine: documents in, outputs out. It knows nothing of torch, HTTP, pictures or models."""
