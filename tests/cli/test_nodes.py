import json


def test_nodes_are_listed_by_category(program, capsys):
    assert program("nodes") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "test"
    assert "  Say    Say something." in lines


def test_one_node_is_described_in_full(program, capsys):
    assert program("nodes", "Work") == 0
    described = capsys.readouterr().out
    assert "steps: INT (0 to 1000, default 3)" in described
    assert "0 STRING: STRING" in described


def test_a_node_that_saves_says_so(program, capsys):
    program("nodes", "Write")
    assert "text: STRING (required)" in capsys.readouterr().out


def test_specs_are_json_too(program, capsys):
    assert program("nodes", "--json") == 0
    listed = {json.loads(line)["name"] for line in capsys.readouterr().out.splitlines()}
    assert {"Say", "Write", "Fail", "Work"} <= listed


def test_a_node_that_is_not_there_is_refused_with_a_near_name(program, capsys):
    assert program("nodes", "Sya") == 2
    assert "did you mean Say?" in capsys.readouterr().err
