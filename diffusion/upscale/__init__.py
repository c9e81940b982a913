"""Networks that enlarge pictures: what their files look like, and how they are run on large ones."""
