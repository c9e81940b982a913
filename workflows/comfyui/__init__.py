"""The edge where files of the public editor come in. Nothing in Patchbay imports it but `main.py`."""
