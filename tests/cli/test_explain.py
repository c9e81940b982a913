import json

WORKFLOW = {
    "1": {"class_type": "Say", "inputs": {"text": "hello", "seed": 1}, "_meta": {"title": "Greeting"}},
    "2": {"class_type": "Write", "inputs": {"text": ["1", 0]}},
}


def test_before_the_first_run_everything_is_new(program, workflow, capsys):
    assert program("explain", workflow(WORKFLOW)) == 0
    assert capsys.readouterr().out.splitlines() == ["runs  Greeting (1): first run", "runs  Write (2): first run"]


def test_after_a_change_the_reason_is_named_in_the_next_process(program, workflow, capsys):
    path = workflow(WORKFLOW)
    program("run", path)
    capsys.readouterr()
    assert program("explain", path, "--seed", 2, "--json") == 0
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert said[0]["reason"] == "`seed` changed from 1 to 2"
    assert "1" in said[1]["reason"]


def test_nothing_is_remembered_without_a_cache(program, base, workflow, capsys):
    path = workflow(WORKFLOW)
    program("run", path, "--no-cache")
    capsys.readouterr()
    program("explain", path)
    assert "first run" in capsys.readouterr().out
    assert not (base / ".patchbay/archive").exists() or not any((base / ".patchbay/archive/outputs").iterdir())


def test_what_cannot_run_is_not_explained(program, workflow, capsys):
    assert program("explain", workflow({"1": {"class_type": "Sya", "inputs": {}}})) == 2
    assert "'Say'" in capsys.readouterr().err
