import pytest

from diffusion.errors import FileNotInFolder
from diffusion.files.folders import ModelFolders


@pytest.fixture
def base(tmp_path):
    for name in ("neon.safetensors", "styles/ink.safetensors", "styles/old/Ink wash.pt", "a/x.safetensors", "b/x.pt"):
        path = tmp_path / "models" / "loras" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"content of " + name.encode())
    (tmp_path / "models" / "loras" / "notes.txt").write_text("not a model")
    (tmp_path / "models" / "loras" / ".hidden.safetensors").write_text("not shown")
    return tmp_path


@pytest.fixture
def folders(base):
    return ModelFolders(base)


def test_names_are_portable_sorted_and_models_only(folders):
    names = ["a/x.safetensors", "b/x.pt", "neon.safetensors", "styles/ink.safetensors", "styles/old/Ink wash.pt"]
    assert folders.names("loras") == names


def test_a_folder_that_is_not_there_holds_nothing(folders):
    assert folders.names("checkpoints") == []
    assert folders.names("something else") == []


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("neon.safetensors", "neon.safetensors"),
        ("styles/ink.safetensors", "styles/ink.safetensors"),
        ("styles\\ink.safetensors", "styles/ink.safetensors"),
        ("ink.safetensors", "styles/ink.safetensors"),
        ("moved/away/ink.safetensors", "styles/ink.safetensors"),
        ("C:\\models\\loras\\ink.safetensors", "styles/ink.safetensors"),
        ("NEON.safetensors", "neon.safetensors"),
        ("neon", "neon.safetensors"),
        ("neon.ckpt", "neon.safetensors"),
        ("b/x.pt", "b/x.pt"),
        ("elsewhere/x.pt", "b/x.pt"),
        ("absent.safetensors", None),
        ("", None),
    ],
)
def test_a_name_is_found_exactly_or_by_its_last_part(folders, name, found):
    assert folders.find("loras", name) == found


def test_an_ambiguous_name_is_refused_with_its_candidates(folders):
    with pytest.raises(FileNotInFolder, match=r"a/x\.safetensors, b/x\.pt"):
        folders.find("loras", "x")


def test_a_missing_file_is_refused_with_near_names(folders):
    with pytest.raises(
        FileNotInFolder, match=r"There is no neom\.safetensors in loras\. Near names: neon\.safetensors"
    ):
        folders.ref("loras", "neom.safetensors")


@pytest.mark.parametrize("name", ["../loras/neon.safetensors", "/etc/passwd", "styles/../../../secret.pt"])
def test_a_name_never_leads_out_of_its_folder(folders, name):
    with pytest.raises(FileNotInFolder):
        folders.path("loras", name)


def test_links_inside_a_folder_are_followed_and_loops_end(base, folders, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "far.safetensors").write_bytes(b"far")
    loras = base / "models" / "loras"
    (loras / "linked").symlink_to(elsewhere)
    (elsewhere / "back").symlink_to(loras)
    assert folders.names("loras").count("linked/far.safetensors") == 1
    assert folders.path("loras", "linked/far.safetensors").read_bytes() == b"far"


def test_a_reference_changes_when_the_file_is_replaced(base, folders):
    before = folders.ref("loras", "neon")
    assert before.path == "loras/neon.safetensors"
    (base / "models" / "loras" / "neon.safetensors").write_bytes(b"something else")
    after = folders.ref("loras", "neon")
    assert after.path == before.path
    assert after.identity != before.identity


def test_further_folders_come_after_the_base_directory_and_preferred_ones_before(base, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    (other / "neon.safetensors").write_bytes(b"other")
    (other / "more.safetensors").write_bytes(b"more")
    own = base / "models" / "loras" / "neon.safetensors"
    extra = ModelFolders(base, extra={"loras": [other]})
    assert extra.path("loras", "neon.safetensors") == own
    assert "more.safetensors" in extra.names("loras")
    preferred = ModelFolders(base, preferred={"loras": [other]})
    assert preferred.path("loras", "neon.safetensors") == other / "neon.safetensors"


@pytest.mark.parametrize("name", ["a\0b", "x" * 5000, "q/" * 3000, "\ud800"])
def test_what_can_be_no_name_of_a_file_is_not_found(folders, name):
    assert folders.find("loras", name) is None
