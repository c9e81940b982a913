import pytest

from graph.errors import AmbiguousChoice
from workflows.document import read_document
from workflows.found_files import with_found_files

HASHES = {("checkpoints", "mine.ckpt"): "aaaaaaaaaaaa0000", ("loras", "neon.pt"): "bbbbbbbbbbbb", ("vae", "v.pt"): None}


class Files:
    def __init__(self, kind):
        self.kind = kind

    def names(self):
        return [name for kind, name in HASHES if kind == self.kind]

    def find(self, name):
        if name == "twice":
            raise AmbiguousChoice(name, ["a", "b"])
        return name if name in self.names() else None


CHOICES = {kind: Files(kind) for kind in ("checkpoints", "loras", "vae")}


def found(ckpt_name, digits, **hashes):
    nodes = {
        "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": ckpt_name}},
        "2": {"class_type": "LoraLoader", "inputs": {"lora_name": "neon.pt", "model": ["1", 0]}},
    }
    document = read_document({"format": "patchbay/1", "nodes": nodes, "hashes": {"1.ckpt_name": digits, **hashes}})
    document = with_found_files(document, CHOICES, lambda kind, name: HASHES[kind, name])
    return document.workflow.nodes["1"].inputs["ckpt_name"], [problem.code for problem in document.problems]


@pytest.mark.parametrize("name", ["theirs.ckpt", "twice"])
def test_a_file_of_another_name_is_found_by_its_hash(name):
    assert found(name, "aaaaaaaaaa") == ("mine.ckpt", ["found_by_hash"])


def test_a_file_of_this_name_and_hash_is_it():
    assert found("mine.ckpt", "aaaaaaaaaa") == ("mine.ckpt", [])


def test_a_file_of_this_name_and_another_hash_is_said():
    assert found("mine.ckpt", "cccccccccc") == ("mine.ckpt", ["another_file"])


def test_what_is_not_found_stays_for_the_check_to_say():
    assert found("theirs.ckpt", "cccccccccc") == ("theirs.ckpt", [])


def test_short_hashes_of_loras_are_of_whole_files_and_not_compared():
    assert found("mine.ckpt", "aaaaaaaaaa", **{"2.lora_name": "1234567890"})[1] == []
    assert found("mine.ckpt", "aaaaaaaaaa", **{"2.lora_name": "123456789012"})[1] == ["another_file"]


@pytest.mark.parametrize("hashes", [{"9.ckpt_name": "a"}, {"1.model": "a"}, {"2.lora_name": 5}, {"": ""}])
def test_hashes_of_nothing_do_nothing(hashes):
    assert found("mine.ckpt", "aaaaaaaaaa", **hashes) == ("mine.ckpt", [])
