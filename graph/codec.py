"""What the engine must be told about the values that travel through it. It knows no tensors itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol


class Codecs(Protocol):
    """Digests, sizes and files of values. Numbers, text and lists of them the engine handles itself."""

    def digest(self, value: Any) -> str | None:
        """Text that is equal exactly when values are; None lets the engine go by where the value came from."""

    def size(self, value: Any) -> int:
        """Bytes that the value holds in memory."""

    def dump(self, value: Any) -> tuple[Any, Mapping[str, Any]] | None:
        """The value as JSON and named tensors; None when it cannot be stored."""

    def load(self, document: Any, tensors: Mapping[str, Any]) -> Any:
        """What `dump` took apart."""

    def write(self, path: Path, tensors: Mapping[str, Any]) -> None:
        """Write named tensors to one file."""

    def read(self, path: Path) -> Mapping[str, Any]:
        """What `write` wrote."""


class NoCodecs:
    """For graphs of plain values: everything else goes by where it came from, weighs nothing, is never stored."""

    def digest(self, value: Any) -> str | None:
        return None

    def size(self, value: Any) -> int:
        return 0

    def dump(self, value: Any) -> tuple[Any, Mapping[str, Any]] | None:
        return None

    def load(self, document: Any, tensors: Mapping[str, Any]) -> Any:
        raise TypeError("nothing can be loaded without codecs")

    def write(self, path: Path, tensors: Mapping[str, Any]) -> None:
        raise TypeError("nothing can be written without codecs")

    def read(self, path: Path) -> Mapping[str, Any]:
        raise TypeError("nothing can be read without codecs")
