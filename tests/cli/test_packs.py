"""Packs over the command line: listed, checked without running their code here, run."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

LOUD = """
class Shout:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"image": ("IMAGE",), "amount": ("FLOAT", {"default": 0.5, "min": 0, "max": 1})}}
    RETURN_TYPES = ("IMAGE",)
    FUNCTION = "go"
    def go(self, image, amount):
        return (image * amount,)
NODE_CLASS_MAPPINGS = {"Shout": Shout}
"""
WORKFLOW = {
    "1": {"class_type": "EmptyImage", "inputs": {"width": 8, "height": 8, "batch_size": 1, "color": 0xFFFFFF}},
    "2": {"class_type": "Shout", "inputs": {"image": ["1", 0], "amount": 0.25}},
    "3": {"class_type": "SaveImage", "inputs": {"images": ["2", 0], "filename_prefix": "shout"}},
}


@pytest.fixture
def packs(tmp_path):
    """A base directory with a good pack and a bad one, and the words that name them."""
    (tmp_path / "packs" / "loud").mkdir(parents=True)
    (tmp_path / "packs" / "loud" / "__init__.py").write_text(LOUD)
    (tmp_path / "packs" / "bad.py").write_text("import nothing_here")
    (tmp_path / "w.json").write_text(json.dumps(WORKFLOW))
    return tmp_path


@pytest.fixture
def patchbay():
    """The program, in a process of its own."""

    def call(*words):
        main = Path(__file__).parents[2] / "main.py"
        return subprocess.run([sys.executable, str(main), *words], capture_output=True, text=True, check=False)

    return call


def words(base, verb, *more):
    return [verb, "--base-directory", str(base), "--custom-nodes", str(base / "packs"), *more]


def test_packs_are_listed_with_what_they_bring_and_why_not(packs, patchbay):
    done = patchbay(*words(packs, "packs"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "bad: 0 nodes",
        "  not used: it needs the Python package 'nothing_here', which is not installed",
        "loud: 1 node",
        "  Shout",
    ]


def test_a_workflow_is_checked_and_run_with_them_and_a_changed_pack_runs_again(packs, patchbay):
    checked = patchbay(*words(packs, "check", str(packs / "w.json")))
    assert checked.returncode == 0, checked.stderr
    first = patchbay(*words(packs, "run", str(packs / "w.json")))
    assert first.returncode == 0 and "shout_00001_.png" in first.stdout, first.stderr
    again = patchbay(*words(packs, "run", str(packs / "w.json")))
    assert "there already: " in again.stdout
    (packs / "packs" / "loud" / "__init__.py").write_text(LOUD.replace("image * amount", "image + amount"))
    changed = patchbay(*words(packs, "run", str(packs / "w.json")))
    assert "shout_00002_.png" in changed.stdout, changed.stdout


def test_without_the_directory_none_of_it_exists(packs, patchbay):
    refused = patchbay("check", "--base-directory", str(packs), str(packs / "w.json"))
    assert refused.returncode == 2 and "there is no node called 'Shout'" in refused.stderr
    assert patchbay("packs", "--base-directory", str(packs)).returncode == 2
    nowhere = patchbay("packs", "--base-directory", str(packs), "--custom-nodes", str(packs / "none"))
    assert nowhere.returncode == 2 and "there is no directory" in nowhere.stderr


def test_a_pack_is_described_without_torch_in_this_process(packs, patchbay):
    done = patchbay(*words(packs, "nodes", "Shout", "--json"))
    assert json.loads(done.stdout)["inputs"][1]["widget"] == {"kind": "Range", "low": 0, "high": 1, "step": None}
