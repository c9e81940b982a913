"""Pictures of other programs, opened and checked as files of ours are."""

import json
from hashlib import sha256
from pathlib import Path

import pytest
from PIL import Image

from cli.main import main
from workflows.exif import write_jpeg, write_webp
from workflows.pictures import write_png

MODELS = Path(__file__).parents[2] / "models"
DEMO = MODELS / "checkpoints/patchbay-demo.safetensors"
SETTINGS = "Steps: 1, Sampler: Euler a, CFG scale: 3, Seed: 5, Size: 64x64, RNG: CPU"


@pytest.fixture
def picture(tmp_path):
    def picture(name, settings):
        text, path = {"parameters": f"a red circle\nNegative prompt: blue\n{settings}"}, tmp_path / name
        if path.suffix == ".png":
            write_png(Image.new("RGB", (8, 8)), path, text)
        elif path.suffix == ".jpg":
            write_jpeg(Image.new("RGB", (8, 8)), path, text, 90)
        else:
            write_webp(Image.new("RGB", (8, 8)), path, text, 90, lossless=False)
        return path

    return picture


@pytest.fixture
def call(tmp_path):
    def call(verb, *words):
        base = tmp_path / "base"
        base.mkdir(exist_ok=True)
        return main([verb, *map(str, words), "--models", str(MODELS), "--base-directory", str(base)])

    return call


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp"])
def test_settings_in_a_picture_are_a_workflow_that_checks(picture, call, name, capsys):
    assert call("check", picture(name, f"{SETTINGS}, Model: patchbay-demo")) == 0, capsys.readouterr()


def test_a_model_of_another_name_is_found_by_its_hash(picture, call, capsys):
    digits = sha256(DEMO.read_bytes()).hexdigest()[:10]
    path = picture("a.png", f"{SETTINGS}, Model hash: {digits}, Model: unheard of")
    assert call("check", path, "--json") == 0
    problems = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert any("'patchbay-demo.safetensors' is the same file" in problem.get("message", "") for problem in problems)


def test_a_model_that_is_not_here_is_refused_by_name(picture, call, capsys):
    assert call("check", picture("a.png", f"{SETTINGS}, Model hash: 0123456789, Model: unheard of")) == 2
    assert "unheard of" in "".join(capsys.readouterr())


def test_a_picture_of_another_program_is_made_again(picture, call, tmp_path, capsys):
    settings = f"{SETTINGS}, Model: patchbay-demo, Denoising strength: 0.5, Hires upscale: 1.5, Hires upscaler: Latent"
    assert call("run", picture("a.jpg", settings)) == 0, capsys.readouterr()
    with Image.open(tmp_path / "base/output/Patchbay_00001_.png") as made:
        assert made.size == (96, 96)
