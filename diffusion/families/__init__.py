"""One module per model family: what its files look like and which modules they fill. It reads no tensor, knows no device."""
