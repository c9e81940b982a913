import subprocess
import sys
from importlib.machinery import ModuleSpec

import pytest

from cli import devices
from cli.errors import CommandError


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """``machine(cards, cuda)``: so many cards in it, and a torch that was built for them or not."""

    def build(cards: int, cuda: str | None) -> None:
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        monkeypatch.setattr(devices, "DRIVER", tmp_path / "gpus")
        for number in range(cards):
            (tmp_path / f"gpus/{number}").mkdir(parents=True)
        if not cards:
            monkeypatch.setattr(devices.shutil, "which", lambda program: None)
        (tmp_path / "version.py").write_text(f"cuda: Optional[str] = {cuda!r}\nhip: Optional[str] = None\n")
        spec = ModuleSpec("torch", None, origin=str(tmp_path / "__init__.py"))
        monkeypatch.setattr(devices, "find_spec", lambda name: spec)

    return build


def test_auto_is_one_worker_per_card(machine):
    machine(3, "12.8")
    assert devices.choose_devices("auto") == ("cuda:0", "cuda:1", "cuda:2")


@pytest.mark.parametrize(("cards", "cuda"), [(0, None), (1, "12.8"), (2, None)])
def test_auto_is_one_worker_that_chooses_itself_where_there_is_no_choice_to_make(machine, cards, cuda):
    machine(cards, cuda)
    assert devices.choose_devices("auto") == ("auto",)


def test_cards_that_are_hidden_do_not_count(machine, monkeypatch):
    machine(4, "12.8")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,3")
    assert devices.choose_devices("auto") == ("cuda:0", "cuda:1")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert devices.choose_devices("auto") == ("auto",)


def test_devices_are_taken_as_they_are_named():
    assert devices.choose_devices("cuda:1, cpu") == ("cuda:1", "cpu")


@pytest.mark.parametrize("words", ["abacus", "cpu,", "cuda:x", "cpu,cpu"])
def test_devices_that_cannot_be_are_refused(words):
    with pytest.raises(CommandError, match="--devices"):
        devices.choose_devices(words)


def test_looking_for_devices_imports_no_torch():
    script = "import sys; from cli.devices import *; is_built_for_cuda(); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True)
