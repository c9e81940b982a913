"""From a prompt to embeddings: rules, tokens, chunks, textual inversion. It knows no sampling and no U-Net."""
