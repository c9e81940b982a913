import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from workflows.document import read_document
from workflows.names import LONGEST, NameRefused, fill, path_parts

NOW = time.struct_time((2026, 3, 9, 7, 5, 2, 0, 68, 0))
DOCUMENT = read_document(
    {
        "3": {"class_type": "KSampler", "inputs": {"seed": ["9", 0], "cfg": 7.5}, "_meta": {"title": "Main"}},
        "4": {"class_type": "Loader", "inputs": {"ckpt_name": "sd15\\model:a.safetensors"}},
        "9": {"class_type": "PrimitiveInt", "inputs": {"value": 42}},
    }
)


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("%date:yyyy-MM-dd%", "2026-03-09"),
        ("%date:yy-M-d_h.m.s%", "26-3-9_7.5.2"),
        ("%date:hh-mm-ss%", "07-05-02"),
        ("%date:yyyy/MM%/a", "2026/03/a"),
        ("50%/a 20%", "50%/a 20%"),
        ("%date%", "20260309070502"),
        ("%year%/%month%/%day% %hour%%minute%%second%", "2026/03/09 070502"),
        ("%width%x%height%", "512x%height%"),
        ("%3.cfg%", "7.5"),
        ("%Main.cfg%", "7.5"),
        ("%KSampler.cfg%", "7.5"),
        ("%KSampler.seed%", "42"),
        ("%Loader.ckpt_name%", "sd15_model_a.safetensors"),
        ("%Nobody.cfg% 100% sure", "%Nobody.cfg% 100% sure"),
        ("%Main.nothing%", "%Main.nothing%"),
    ],
)
def test_tokens_are_filled_and_what_means_nothing_stays(prefix, expected):
    assert fill(prefix, DOCUMENT, {"width": 512}, NOW) == expected


@pytest.mark.parametrize(
    ("prefix", "folder", "name"),
    [
        ("a", ".", "a"),
        ("a/b/c", "a/b", "c"),
        ("a\\b", "a", "b"),
        ("a//b", "a", "b"),
        ("./a", ".", "a"),
        ("a/", "a", ""),
        ("", ".", ""),
        ('q<>:"|?*\x07q', ".", "q________q"),
        ("con/NUL.txt", "con_", "NUL.txt_"),
        ("ends with dot./a. .", "ends with dot", "a"),
        ("\ud800猫", ".", "_猫"),
    ],
)
def test_every_system_can_hold_the_name(prefix, folder, name):
    found_folder, found_name = path_parts(prefix)
    assert (str(found_folder), found_name) == (folder, name)


@pytest.mark.parametrize("prefix", ["../a", "a/../../b", "/etc/a", "C:\\a", "c:a", "\\\\server\\a", "a/.. /b", ".."])
def test_what_leads_outside_is_refused(prefix):
    with pytest.raises(NameRefused, match="outside"):
        path_parts(prefix)


def test_long_names_are_cut_between_characters():
    _, name = path_parts("猫" * 300)
    assert len(name.encode()) <= LONGEST
    assert set(name) == {"猫"}


@given(some.text(max_size=30))
@settings(max_examples=200, deadline=None)
def test_no_name_leads_outside(prefix):
    try:
        folder, name = path_parts(fill(prefix, DOCUMENT, {}, NOW))
    except NameRefused:
        return
    assert not folder.is_absolute()
    assert ".." not in folder.parts
    assert not set(name) & set('/\\<>:"|?*')
