"""The dataflow engine. It knows nothing of tensors, pictures, models, files of models, or the network."""
