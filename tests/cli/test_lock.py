import pytest

from cli.errors import CommandError
from cli.lock import held_alone


def test_only_one_holds_the_lock(tmp_path):
    refused = pytest.raises(CommandError, match=r"another server .* uses")
    with held_alone(tmp_path / "state/lock"), refused, held_alone(tmp_path / "state/lock"):
        raise AssertionError("two hold it")
    with held_alone(tmp_path / "state/lock"):
        pass


def test_a_place_that_cannot_be_written_to_is_a_sentence(tmp_path):
    (tmp_path / "state").write_text("no folder")
    with pytest.raises(CommandError, match="--state-directory"), held_alone(tmp_path / "state/lock"):
        raise AssertionError("there is no lock")
