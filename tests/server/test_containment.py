"""Names from outside stay inside their folder, on every system."""

import os
from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as some

from server.containment import LONGEST_PART, check_name, find, fit
from server.refusals import Refused

OUTSIDE = (
    *(
        "../secret.txt",
        "a/../../secret.txt",
        "/etc/passwd",
        "//host/share",
        "..",
        ".",
        "",
        "a//b",
        "a/./b",
        "./a",
        "a/",
    ),
    *(
        "..\\secret.txt",
        "C:secret.txt",
        "C:\\secret.txt",
        "\\\\host\\share\\x",
        "a.txt:stream",
        "CON",
        "nul.txt",
        "LPT1",
    ),
    *("a\0.txt", "a\n", "a ", "a.", "\ud800", "x" * 300, "x/" * 300, "é" * 150),
)


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_name_that_leads_out_or_is_none_is_refused(name, tmp_path):
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "inside").mkdir()
    with pytest.raises(Refused):
        check_name(name)
    with pytest.raises(Refused) as error:
        find(tmp_path / "inside", name)
    assert error.value.status == 404 and str(tmp_path) not in error.value.detail


def test_a_file_inside_is_found(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a/b c.txt").write_text("x")
    assert find(tmp_path, "a/b c.txt").read_text() == "x"


def test_a_link_inside_that_leads_out_is_not_followed(tmp_path):
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "inside").mkdir()
    os.symlink(tmp_path / "secret.txt", tmp_path / "inside/link.txt")
    os.symlink(tmp_path, tmp_path / "inside/up")
    os.symlink("loop", tmp_path / "inside/loop")
    for name in ("link.txt", "up/secret.txt", "loop"):
        with pytest.raises(Refused):
            find(tmp_path / "inside", name)


@given(some.text())
def test_a_name_that_passes_is_below_its_folder_on_every_system(name):
    try:
        check_name(name)
    except Refused:
        return
    assert ".." not in PurePosixPath(name).parts and not PurePosixPath(name).is_absolute()
    assert not PureWindowsPath(name).drive and not PureWindowsPath(name).root
    assert "\0" not in name


@given(some.text())
def test_a_name_that_was_made_fit_passes(name):
    made = fit(name)
    assert len(made.encode()) <= LONGEST_PART + 1
    if made:
        check_name(made)
        assert "/" not in made


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("C:\\pictures\\cat.png", "cat.png"),
        ("/home/me/cat.png", "cat.png"),
        ("cat?.png", "cat_.png"),
        (" . ", ""),
        ("nul.png", "_nul.png"),
        ("x" * 400 + ".png", "x" * (LONGEST_PART - 4) + ".png"),
    ],
)
def test_names_from_other_disks_are_made_fit(name, made):
    assert fit(name) == made
