from pathlib import PurePosixPath

import pytest

from graph.errors import AmbiguousChoice
from workflows.checking import World, understood
from workflows.parameters import read_parameters
from workflows.recreate import recreate
from workflows.upscalers import with_upscalers

SETTINGS = "a\nSteps: 20, Sampler: Euler, Seed: 1, Size: 64x64, Model: m, RNG: CPU, Hires upscale: 2, Hires upscaler: "


class Files:
    def __init__(self, *files):
        self.files = files

    def names(self):
        return self.files

    def find(self, name):
        if name == "twice":
            raise AmbiguousChoice(name, ["a", "b"])
        return next((file for file in self.files if name in (file, PurePosixPath(file).stem)), None)


def opened(upscaler, *files):
    document = with_upscalers(recreate(read_parameters(SETTINGS + upscaler)), {"upscale_models": Files(*files)})
    return document.workflow.nodes, [problem.message for problem in document.problems if problem.code == "no_upscaler"]


@pytest.mark.parametrize(
    ("shown", "file"),
    [
        ("R-ESRGAN 4x+", "RealESRGAN_x4plus.pth"),
        ("R-ESRGAN 4x+ Anime6B", "gan/RealESRGAN_x4plus_anime_6B.pth"),
        ("4x-UltraSharp", "4x-UltraSharp.pth"),
    ],
)
def test_a_network_that_is_here_enlarges_before_what_is_left_is_resized(shown, file):
    nodes, said = opened(shown, "other.pth", file)
    assert nodes["upscale_model"].inputs == {"model_name": file}
    assert nodes["upscale_enlarged"].inputs["image"].node == "decode_first"
    assert nodes["upscale"].inputs["image"].node == "upscale_enlarged"
    assert (nodes["upscale"].inputs["width"], nodes["upscale"].inputs["upscale_method"]) == (128, "lanczos")
    assert said == []


@pytest.mark.parametrize("shown", ["4x-UltraSharp", "twice"])
def test_of_one_that_is_not_here_it_is_said_what_takes_its_place(shown):
    nodes, [sentence] = opened(shown, "other.pth")
    assert "upscale_model" not in nodes
    assert nodes["upscale"].inputs["image"].node == "decode_first"
    assert repr(shown) in sentence
    assert "lanczos takes its place" in sentence


def test_it_is_looked_for_when_a_document_is_read():
    world = World(registry=None, choices={"upscale_models": Files("4x-UltraSharp.pth")})
    document = understood(recreate(read_parameters(SETTINGS + "4x-UltraSharp")), world)
    assert "upscale_model" in document.workflow.nodes
    assert not document.members.get("enlarged_by")
