"""How far our numbers are from those of a well-known engine, as JSON; with ``--write`` as tables in docs/fidelity.md.

    python benchmarks/fidelity.py [--base DIRECTORY --goldens DIRECTORY] [--write]

Schedules and samplers are held to the small files in tests/golden: the sigmas of SD 1.x, and every sampler on an
analytic denoiser. With a base directory that holds the full-size random checkpoint and a directory of goldens
(``manifest.json``, ``prompts``, ``latents``, ``input``), each prompt whose nodes there are is run as well.
Errors are |ours − golden| / |golden|, for schedules the largest difference.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import torch
from safetensors.torch import load_file
from torch import Tensor

from diffusion.custom_sampling import CPU_NOISE
from diffusion.denoise import Inpainted
from diffusion.files.folders import ModelFolders
from diffusion.names import SAMPLERS, SCHEDULES
from diffusion.noise import start_noise
from diffusion.runtime import Runtime
from diffusion.samplers.sampler import Denoiser, sampler
from diffusion.schedules import schedule, sigmas_for
from diffusion.sigmas import TrainedSigmas, scaled_linear
from graph.executor import Executor
from graph.graph import resolve
from graph.registry import Registry
from graph.workflow import Link, Workflow
from nodes import builtin
from nodes.choices import choices
from nodes.codecs import NodeCodecs
from workflows.document import read_document
from workflows.outputs import InputFolder

ROOT = Path(__file__).parents[1]
SMALL = ROOT / "tests" / "golden"
PAGE = ROOT / "docs" / "fidelity.md"
SEED = 7


def relative(got: Tensor, golden: Tensor) -> float:
    """|got − golden| / |golden|."""
    return float((got - golden).norm() / golden.norm())


@dataclass(frozen=True)
class Toy:
    """Two smooth functions in the place of a positive and a negative prompt, guided at 2."""

    trained: TrainedSigmas

    def __call__(self, x: Tensor, sigma: Tensor) -> Tensor:
        return self.pair(x, sigma)[0]

    def pair(self, x: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor]:
        scaled = x / (sigma**2 + 1).sqrt()
        positive = 0.8 * scaled.tanh() + 0.1 * (3 * scaled).sin() + 0.05
        negative = 0.7 * scaled.tanh() - 0.03
        return negative + 2 * (positive - negative), negative


def run_toy(name: str, given: Mapping[str, Tensor], *, masked: bool) -> Tensor:
    """Run a sampler from the goldens' noise, or with ``masked`` from their latent, kept where their mask is 0."""
    trained = scaled_linear()
    sigmas = sigmas_for("karras", trained, 4, sampler_name=name)
    x = given["noise"] * (1 + sigmas[0] ** 2).sqrt()
    denoise: Denoiser = Toy(trained)
    if masked:
        x = x + given["latent"]
        denoise = Inpainted(denoise, given["latent"], given["mask"], given["noise"])
    return sampler(name)(denoise, x, sigmas, start_noise(CPU_NOISE, x, SEED, sigmas), lambda *_: None)


def sampler_errors() -> dict[str, dict[str, float]]:
    """For every sampler its errors on the analytic denoiser, without and with a mask."""
    given = load_file(SMALL / "toy_samplers.safetensors")
    return {
        name: {
            case: relative(run_toy(name, given, masked=case == "masked"), given[f"{name}/karras/4/{case}"])
            for case in ("plain", "masked")
        }
        for name in SAMPLERS
    }


def schedule_errors() -> dict[str, float]:
    """For every schedule the largest difference over all step counts there are goldens for."""
    errors = dict.fromkeys(SCHEDULES, 0.0)
    for case, golden in load_file(SMALL / "sigmas.safetensors").items():
        name, steps = case.split("/")
        if golden.isfinite().all():
            difference = float((schedule(name)(scaled_linear(), int(steps)) - golden).abs().max())
            errors[name] = max(errors[name], difference)
    return errors


class FullSize:
    """Runs the goldens' prompts on a full-size checkpoint, through the node graph."""

    def __init__(self, base: Path, goldens: Path):
        self._goldens = goldens
        self._registry = Registry(*builtin())
        self._executor = Executor(codecs=NodeCodecs())
        folders = ModelFolders(base)
        self._choices = choices(folders, goldens / "input")
        self._resources = {
            Runtime: Runtime(folders, device="cpu"),
            InputFolder: InputFolder(goldens / "input"),
        }

    def names(self) -> list[str]:
        """The goldens there are, those with adapters last, so that weights are rewritten as seldom as can be."""
        names = [entry["name"] for entry in json.loads((self._goldens / "manifest.json").read_text())]
        return sorted(names, key=lambda name: name.startswith(("adapter", "merge")))

    def lacks(self, name: str) -> set[str]:
        """The nodes of a golden's prompt that there are not."""
        return {node.type for node in self._workflow(name).nodes.values() if node.type not in self._registry}

    def error(self, name: str) -> float:
        """Run a golden's prompt up to the latent it saves, and say how far that is off."""
        workflow = self._workflow(name)
        (saved,) = (node.inputs["samples"] for node in workflow.nodes.values() if node.type == "SaveLatent")
        assert isinstance(saved, Link)
        graph = resolve(workflow, self._registry, self._choices, targets=[saved.node])
        result = self._executor.run(graph, resources=self._resources)
        for failure in result.failures.values():
            raise failure
        golden = load_file(self._goldens / "latents" / f"{self._file(name)}.safetensors")["latent"]
        return relative(result.value(saved.node, saved.output).samples, golden)

    def _workflow(self, name: str) -> Workflow:
        return read_document((self._goldens / "prompts" / f"{self._file(name)}.json").read_bytes()).workflow

    def _file(self, name: str) -> str:
        return name.replace("/", "__")


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Rows as Markdown."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def written(page: str, part: str, text: str) -> str:
    """A page with the text between the two marks of one of its parts replaced."""
    start, end = f"<!-- {part} -->\n", f"<!-- end of {part} -->"
    before, _, rest = page.partition(start)
    _, _, after = rest.partition(end)
    return f"{before}{start}{text}\n{end}{after}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", type=Path, help="a directory with models/checkpoints/random-sd15.safetensors")
    parser.add_argument("--goldens", type=Path)
    parser.add_argument("--write", action="store_true", help="bring the tables in docs/fidelity.md up to date")
    arguments = parser.parse_args()
    torch.set_num_threads(min(2, torch.get_num_threads()))

    samplers, schedules, full = sampler_errors(), schedule_errors(), {}
    if arguments.base and arguments.goldens:
        engine = FullSize(arguments.base, arguments.goldens)
        for name in engine.names():
            lacking = engine.lacks(name)
            full[name] = f"needs {', '.join(sorted(lacking))}" if lacking else engine.error(name)
    print(json.dumps({"samplers": samplers, "schedules": schedules, "full size": full}, indent=1))
    if arguments.write:
        page = PAGE.read_text()
        page = written(
            page,
            "samplers",
            table(
                ("sampler", "plain", "masked"),
                ((name, f"{errors['plain']:.1e}", f"{errors['masked']:.1e}") for name, errors in samplers.items()),
            ),
        )
        page = written(
            page,
            "schedules",
            table(("schedule", "error"), ((name, f"{error:.1e}") for name, error in schedules.items())),
        )
        if full:
            rows = ((name, error if isinstance(error, str) else f"{error:.1e}") for name, error in full.items())
            page = written(page, "full size", table(("golden", "error"), rows))
        PAGE.write_text(page)


if __name__ == "__main__":
    main()
