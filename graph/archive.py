"""Outputs that were costly to make, kept on disk for the next process."""

from __future__ import annotations


class Archive:
    def recall(self, k):
        return None

    def load(self, k):
        return None

    def save(self, k, s): ...
    def remember(self, k, r): ...
