"""``inspect FILE…``: what model files are, read from their headers alone, without torch."""
