"""Every example of the folder workflows runs on the demo model, and its pictures carry it."""

import json
from pathlib import Path

import pytest

from cli.main import main
from workflows.pictures import open_document

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "workflows").glob("*.json"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_runs_and_its_picture_carries_it(path, tmp_path):
    places = [
        "--base-directory",
        str(tmp_path),
        "--models",
        str(ROOT / "models"),
        "--input-directory",
        str(ROOT / "input"),
    ]
    nodes = json.loads(path.read_text())["nodes"]
    assert "sampler" in nodes
    quick = [f"--set={name}.steps=2" for name, node in nodes.items() if "steps" in node["inputs"]]
    code = main(["run", str(path), *places, *quick, "--device", "cpu"])
    assert code == 0
    saved = sorted((tmp_path / "output").rglob("*.png"))
    assert saved
    carried = open_document(saved[0])
    assert not carried.errors
    assert carried.members["title"] == json.loads(path.read_text())["title"]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_says_what_it_is_for(path):
    members = json.loads(path.read_text())
    assert members["format"] == "patchbay/1"
    assert members["title"]
    assert members["notes"][0]["text"].endswith(".")
    assert all(parameter["about"].endswith(".") for parameter in members["inputs"])
