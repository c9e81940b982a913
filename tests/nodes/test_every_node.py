"""What holds for every node, so that a new one is held to it as well."""

import subprocess
import sys
from pathlib import Path

import pytest

from graph.spec import Choice
from nodes import MODULES, builtin
from nodes.choices import choices

TESTS = Path(__file__).parent
FUNCTIONS = {function.node_type.spec.name: function for function in builtin()}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_node_says_what_it_does(name):
    spec = FUNCTIONS[name].node_type.spec
    assert spec.category
    assert spec.description.endswith(".")
    for declared in spec.inputs:
        assert not declared.tip or declared.tip.endswith("."), declared.name
        assert declared.tip or declared.widget is None, declared.name


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_node_has_a_test_that_calls_it(name):
    function = FUNCTIONS[name].__name__
    module = FUNCTIONS[name].__module__.rpartition(".")[2]
    assert f"{function}(" in (TESTS / f"test_{module}.py").read_text(), f"no test calls {function}"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_a_node_offers_to_choose_from_exists(name, runtime, tmp_path):
    sources = choices(runtime.folders, tmp_path)
    for declared in FUNCTIONS[name].node_type.spec.inputs:
        if isinstance(declared.widget, Choice):
            assert declared.widget.source in sources


def test_every_file_of_nodes_is_listed():
    files = {path.stem for path in (TESTS.parents[1] / "nodes").glob("*.py")}
    assert files - {"__init__", "choices", "codecs"} == set(MODULES)


def test_importing_the_nodes_imports_no_torch():
    code = "import sys, nodes; nodes.builtin(); assert not {'torch', 'diffusers', 'transformers'} & sys.modules.keys()"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=TESTS.parents[1])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_node_that_saves_under_a_prefix_refuses_one_that_leads_outside(name):
    node_type = FUNCTIONS[name].node_type
    if "filename_prefix" in node_type.by_name:
        assert "leads outside" in node_type.validate({"filename_prefix": "../x"}, {})


@pytest.mark.parametrize("name", ["CLIPTextEncode", "EncodePrompt", "EncodePromptWithAdapters"])
def test_a_prompt_that_leaves_something_to_choose_is_a_warning_of_the_check(name):
    [(named, sentence)] = FUNCTIONS[name].node_type.remarks({"text": "a {red|blue} circle"})
    assert named == "text"
    assert "PromptVariations" in sentence
