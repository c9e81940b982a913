import json

from cli.main import main


def test_versions_device_and_folders_are_named(tmp_path, capsys):
    main(["doctor", "--json", "--base-directory", str(tmp_path)])
    found = {finding["subject"]: finding for finding in map(json.loads, capsys.readouterr().out.splitlines())}
    assert found.keys() >= {"Python", "torch", "device", "output", "models"}
    assert found["torch"]["wrong"] == ""


def test_a_machine_without_models_hears_where_to_put_one(tmp_path, capsys):
    assert main(["doctor", "--base-directory", str(tmp_path)]) == 1
    assert "wrong: there is no checkpoint; put one into" in capsys.readouterr().out


def test_a_device_that_is_not_there_is_a_sentence(tmp_path, capsys):
    assert main(["doctor", "--base-directory", str(tmp_path), "--device", "toaster"]) == 1
    assert "toaster" in capsys.readouterr().out
