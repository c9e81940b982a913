import json
import os
import pty
import signal
import subprocess
import sys
import time
from hashlib import sha256
from pathlib import Path

import pytest

from cli.errors import CommandError
from cli.execution import read_bytes
from cli.hashes import FileHashes
from cli.main import main
from diffusion.files.folders import ModelFolders
from workflows.pictures import open_document

ROOT = Path(__file__).parents[2]
WORKFLOW = {
    "1": {"class_type": "Say", "inputs": {"text": "hello", "seed": 1}, "_meta": {"title": "Greeting"}},
    "2": {"class_type": "Write", "inputs": {"text": ["1", 0], "filename_prefix": "a"}},
}
WORKING = {"1": {"class_type": "Work", "inputs": {}}, "2": {"class_type": "Write", "inputs": {"text": ["1", 0]}}}
FAILING = {
    "1": {"class_type": "Fail", "inputs": {"text": "the cat"}},
    "2": {"class_type": "Write", "inputs": {"text": ["1", 0]}},
    "3": {"class_type": "Write", "inputs": {"text": "fine"}},
}
OVER_TEST_NODES = """
import sys
import pytest, conftest
patches = pytest.MonkeyPatch()
patches.setattr("cli.parts.builtin", lambda: conftest.NODES)
patches.setattr("cli.execution.NodeCodecs", conftest.NoCodecs)
sys.exit(conftest.main())
"""


def start(*words, **options) -> subprocess.Popen:
    """The program over the test nodes, in a process of its own."""
    paths = os.pathsep.join([str(ROOT), str(Path(__file__).parent)])
    command = [sys.executable, "-c", OVER_TEST_NODES, *map(str, words)]
    return subprocess.Popen(command, env=os.environ | {"PYTHONPATH": paths, "TERM": "xterm"}, text=True, **options)


def test_the_last_line_names_what_was_saved(program, base, workflow, capsys):
    assert program("run", workflow(WORKFLOW)) == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith(f"saved {base}/output/a_00001_.txt")
    assert (base / "output/a_00001_.txt").read_text() == "hello 1"


def test_values_are_set_by_id_by_title_and_by_seed(program, base, workflow):
    path = workflow(WORKFLOW)
    assert program("run", path, "--set", "Greeting.text=bye", "--set", "2.filename_prefix=b", "--seed", 2**64 - 1) == 0
    assert (base / "output/b_00001_.txt").read_text() == f"bye {2**64 - 1}"


def test_what_is_set_is_text_unless_it_is_json(program, base, workflow):
    program("run", workflow(WORKFLOW), "--set", "1.text=[1", "--set", "Say.seed=7")
    assert (base / "output/a_00001_.txt").read_text() == "[1 7"


def test_the_output_directory_can_be_anywhere(program, tmp_path, workflow):
    assert program("run", workflow(WORKFLOW), "--output-directory", tmp_path / "out") == 0
    assert (tmp_path / "out/a_00001_.txt").exists()


def test_several_files_run_one_after_the_other(program, base, workflow):
    program("run", workflow(WORKFLOW, "a.json"), workflow(FAILING, "b.json"), workflow(WORKING, "c.json"))
    assert {path.name for path in (base / "output").iterdir()} == {"a_00001_.txt", "x_00001_.txt", "x_00002_.txt"}


def test_the_second_of_two_equal_files_finds_everything_done(program, base, workflow, capsys):
    program("run", workflow(WORKFLOW, "a.json"), workflow(WORKFLOW, "b.json"))
    assert "0 to run" in capsys.readouterr().out
    assert [path.name for path in (base / "output").iterdir()] == ["a_00001_.txt"]


def test_if_one_file_is_invalid_none_runs(program, base, workflow, capsys):
    broken = workflow({"1": {"class_type": "Sya", "inputs": {}}}, "b.json")
    assert program("run", workflow(WORKFLOW), broken) == 2
    assert "'Say'" in capsys.readouterr().err
    assert not (base / "output").exists()


def test_a_node_that_fails_is_one_sentence_and_the_rest_goes_on(program, base, workflow, capsys):
    assert program("run", workflow(FAILING)) == 1
    shown = capsys.readouterr()
    assert "error: Fail (1): the cat is too sad" in shown.err
    assert "Traceback" not in shown.err
    assert shown.out.splitlines()[-1].startswith("failed")
    assert (base / "output/x_00001_.txt").read_text() == "fine"


def test_debug_shows_where_it_failed(program, workflow, capsys):
    program("run", workflow(FAILING), "--debug")
    assert "Traceback" in capsys.readouterr().err


def test_warnings_of_nodes_are_shown(program, workflow, capsys):
    assert program("run", workflow(WORKING)) == 0
    assert "warning: Work (1): this takes a while" in capsys.readouterr().err


def test_json_lines_tell_everything(program, workflow, capsys):
    assert program("run", workflow(WORKING), "--json") == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [event["event"] for event in events if event["event"] != "node_progress"] == [
        *("planned", "node_started", "node_warned", "node_finished", "node_started", "node_finished", "done"),
    ]
    progress = [(event["node"], event["done"], event["total"]) for event in events if event["event"] == "node_progress"]
    assert progress == [("1", 1, 3), ("1", 2, 3), ("1", 3, 3)]
    assert events[-1]["saved"] == [events[-2]["artifacts"][0]["path"]]


def test_problems_are_json_lines_too(program, workflow, capsys):
    assert program("run", workflow(WORKFLOW), "--json", "--set", "2.filename=a") == 2
    problem = json.loads(capsys.readouterr().out)
    assert (problem["event"], problem["node"], problem["input"]) == ("problem", "2", "filename")


@pytest.mark.parametrize(
    "words",
    [
        ["nowhere.json"],
        [ROOT / "cli"],
        [ROOT / "LICENSE"],
        ["{workflow}", "--set", "1.text"],
        ["{workflow}", "--set", "9.text=a"],
        ["{workflow}", "--set", "1.txet=a"],
        ["{workflow}", "--seed", "-1"],
        ["{workflow}", "--cache-size", "much"],
        ["{workflow}", "--models", "nowhere"],
        ["{workflow}", "--device", "toaster"],
        ["{workflow}", "--dtype", "fp99"],
        ["{workflow}", "--set", "2.text=5", "--strict"],
    ],
)
def test_what_cannot_start_is_refused_in_a_sentence(program, base, workflow, words, capsys):
    path = str(workflow(WORKFLOW))
    assert program("run", *(path if word == "{workflow}" else word for word in words)) == 2
    shown = capsys.readouterr()
    assert "error: " in shown.err
    assert "Traceback" not in shown.err
    assert not (base / "output").exists()


def test_where_nothing_can_be_remembered_is_a_sentence_that_names_the_way_out(program, base, workflow, capsys):
    (base / ".patchbay").write_text("no folder")
    assert program("run", workflow(WORKFLOW)) == 2
    assert "--state-directory" in capsys.readouterr().err


def test_hashes_that_cannot_be_kept_are_taken_all_the_same(tmp_path):
    (tmp_path / "loras").mkdir()
    (tmp_path / "loras/a.pt").write_bytes(b"a")
    (tmp_path / "hashes.sqlite").write_text("no database, and long enough to be looked at as one " * 20)
    hashes = FileHashes(ModelFolders(tmp_path, {"loras": [tmp_path / "loras"]}), tmp_path / "hashes.sqlite")
    assert hashes("loras", "a.pt") == sha256(b"a").hexdigest()


@pytest.mark.parametrize("delay", [0.03, 0.1, 0.3])
def test_an_interrupt_before_a_run_begins_leaves_no_traceback(delay):
    command = [sys.executable, "main.py", "nodes"]
    restore = lambda: signal.signal(signal.SIGINT, signal.default_int_handler)
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, preexec_fn=restore
    ) as process:
        time.sleep(delay)
        process.send_signal(signal.SIGINT)
        assert b"cli/" not in process.stderr.read()


def test_one_interrupt_cancels_inside_a_node(base, workflow):
    path = workflow(WORKING)
    words = ("run", path, "--base-directory", base, "--set", "1.steps=1000", "--set", "1.pause=0.05", "--json")
    with start(*words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        for line in process.stdout:
            if "node_progress" in line:
                process.send_signal(signal.SIGINT)
                break
        output, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert json.loads(output.splitlines()[-1])["event"] == "cancelled"


def test_a_second_interrupt_ends_at_once(base, workflow):
    path = workflow(WORKING)
    words = ("run", path, "--base-directory", base, "--set", "1.steps=9", "--set", "1.pause=60", "--json")
    with start(*words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        for line in process.stdout:
            if "node_warned" in line:
                break
        process.send_signal(signal.SIGINT)
        assert "once more" in process.stderr.readline() + process.stderr.readline()
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert process.returncode == 130
    assert time.monotonic() - began < 10


def test_a_terminal_shows_bars_and_the_last_line(base, workflow):
    path = workflow(WORKING)
    ours, theirs = pty.openpty()
    words = ("run", path, "--base-directory", base, "--set", "1.pause=0.2")
    with start(*words, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                part = os.read(ours, 4096)
            except OSError:  # the other end was closed
                break
            shown += part
    text = shown.decode()
    assert process.returncode == 0
    assert "━" in text
    assert "Work (1)" in text
    assert "1/3" in text or "2/3" in text
    assert "saved" in text.splitlines()[-1]


@pytest.mark.parametrize(("text", "size"), [("12", 12), ("4GB", 4 * 10**9), ("1.5 k", 1500), ("500MiB", 5 * 10**8)])
def test_sizes_are_read(text, size):
    assert read_bytes(text) == size


def test_a_size_that_is_none_is_refused():
    with pytest.raises(CommandError, match="4GB"):
        read_bytes("4 apples")


def test_a_picture_of_the_demo_model_carries_what_made_it_and_can_be_run_again(tmp_path, workflow):
    nodes = {
        "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "patchbay-demo"}},
        "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 64, "height": 64}},
        "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a red circle", "clip": ["4", 1]}},
        "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "", "clip": ["4", 1]}},
        "3": {
            "class_type": "KSampler",
            "inputs": {"model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0], "latent_image": ["5", 0]},
        },
        "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
        "9": {"class_type": "SaveImage", "inputs": {"images": ["8", 0], "filename_prefix": "%KSampler.seed%"}},
    }
    (tmp_path / "base").mkdir()
    where = ["--models", str(ROOT / "models"), "--base-directory", str(tmp_path / "base")]
    assert main(["run", str(workflow(nodes)), "--seed", "5", "--set", "3.steps=1", *where]) == 0
    picture = tmp_path / "base/output/5_00001_.png"
    document = open_document(picture)
    assert document.workflow.nodes["3"].inputs["seed"] == 5
    assert main(["run", str(picture), "--set", "3.steps=1", *where]) == 0
    assert len(list(picture.parent.iterdir())) == 1, "nothing changed and the picture is there"
    assert main(["run", str(picture), "--set", "3.steps=1", "--no-cache", *where]) == 0
    again = tmp_path / "base/output/5_00002_.png"
    assert again.read_bytes() == picture.read_bytes()
