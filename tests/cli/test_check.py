import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GOOD = {
    "1": {"class_type": "Say", "inputs": {"text": "hello", "seed": 1}},
    "2": {"class_type": "Write", "inputs": {"text": ["1", 0]}},
}
BAD = {
    "1": {"class_type": "Sya", "inputs": {}},
    "2": {"class_type": "Write", "inputs": {"text": ["1", 0], "filename_prefix": 5, "extra": 1}},
    "3": {"inputs": {}},
}


def test_a_good_workflow_can_run(program, workflow, capsys):
    path = workflow(GOOD)
    assert program("check", path) == 0
    assert capsys.readouterr().out == f"{path} can run: 2 nodes\n"


def test_every_problem_is_said_at_once_with_its_node(program, workflow, capsys):
    assert program("check", workflow(BAD)) == 2
    said = capsys.readouterr().err
    for words in ("Sya (1)", "'Say'", "Write (2)", "'extra'", "class_type", "cannot run"):
        assert words in said


def test_problems_can_be_read_by_programs(program, workflow, capsys):
    program("check", workflow(BAD), "--json")
    problems = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert ("unknown_node", "1") in [(problem["code"], problem["node"]) for problem in problems]
    assert all(problem["severity"] in ("error", "warning") for problem in problems)


def test_nan_is_said_once(program, tmp_path, capsys):
    path = tmp_path / "nan.json"
    write = '{"class_type": "Write", "inputs": {"text": ["1", 0]}}'
    path.write_text('{"1": {"class_type": "Work", "inputs": {"pause": NaN}}, "2": ' + write + "}")
    assert program("check", path, "--json") == 2
    problems = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(problem["node"], problem["input"]) for problem in problems] == [("1", "pause")]


def test_strict_knows_no_warnings(program, workflow):
    path = workflow(GOOD | {"2": {"class_type": "Write", "inputs": {"text": ["1", 0], "extra": 1}}})
    assert program("check", path) == 0
    assert program("check", path, "--strict") == 2


def test_without_a_seed_to_set_there_is_a_warning(program, workflow, capsys):
    path = workflow({"2": {"class_type": "Write", "inputs": {"text": "a"}}})
    assert program("check", path, "--seed", 1) == 0
    assert "no node has a seed" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [["check", "{workflow}"], ["nodes"], ["nodes", "KSampler"], ["--help"], ["inspect", "neon"]]
)
def test_reading_never_imports_torch(words, workflow):
    path = str(workflow({"9": {"class_type": "SaveImage", "inputs": {}}}))
    code = (
        "import sys\nfrom cli.main import main\n"
        "try: main(sys.argv[1:])\nexcept SystemExit: pass\n"
        "assert not {'torch', 'diffusers', 'transformers'} & sys.modules.keys(), 'torch was imported'"
    )
    words = [path if word == "{workflow}" else word for word in words]
    subprocess.run([sys.executable, "-c", code, *words], cwd=ROOT, check=True, capture_output=True)


def test_a_check_takes_less_than_a_second(workflow):
    path = workflow({"9": {"class_type": "SaveImage", "inputs": {}}})
    seconds = []
    for _ in range(3):
        began = time.monotonic()
        subprocess.run([sys.executable, "main.py", "check", path], cwd=ROOT, capture_output=True)
        seconds.append(time.monotonic() - began)
    assert min(seconds) < 1


def test_a_file_in_the_editors_own_format_is_read(workflow):
    latent = {
        "id": 1,
        "type": "EmptyLatentImage",
        "outputs": [{"type": "LATENT"}],
        "widgets_values": [64, 32, 5000, "later"],
    }
    sockets = [{"name": "samples", "type": "LATENT", "link": 1}]
    saving = {"id": 2, "type": "SaveLatent", "inputs": sockets, "widgets_values": ["a"]}
    path = workflow({"nodes": [latent, saving], "links": [[1, 1, 0, 2, 0, "LATENT"]], "version": 0.4})
    checked = subprocess.run([sys.executable, "main.py", "check", path], cwd=ROOT, capture_output=True, text=True)
    assert checked.returncode == 2
    assert checked.stderr.startswith("error: EmptyLatentImage (1): 'batch_size'")
    good = [sys.executable, "main.py", "check", path, "--set", "1.batch_size=2"]
    checked = subprocess.run(good, cwd=ROOT, capture_output=True, text=True)
    assert checked.returncode == 0
    assert "1 of the values written on it are not known" in checked.stderr


def test_a_terminal_that_knows_few_characters_is_no_error(workflow):
    path = workflow({"1": {"class_type": "Sch\u00f6n \u2192", "inputs": {}}})
    environment = {"PYTHONIOENCODING": "ascii", "PYTHONPATH": str(ROOT)}
    checked = subprocess.run([sys.executable, "main.py", "check", path], cwd=ROOT, env=environment, capture_output=True)
    assert checked.returncode == 2
    assert rb"Sch\xf6n \u2192" in checked.stderr
