"""Who may import whom. The layers are the architecture; this file is where they are true."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAY_IMPORT = {
    "graph": {"networkx"},
    "diffusion": {
        "torch",
        "diffusers",
        "transformers",
        "tokenizers",
        "safetensors",
        "torchsde",
        "numpy",
        "scipy",
        "PIL",
        "yaml",
    },
    "nodes": {"graph", "diffusion", "workflows", "torch", "numpy", "PIL", "safetensors"},
    "workflows": {"graph", "PIL"},
    "server": {"graph", "workflows", "diffusion.files", "diffusion.errors", "aiohttp", "networkx", "PIL"},
    "cli": {"graph", "diffusion", "nodes", "workflows", "server", "rich", "torch", "aiohttp"},
}
TORCH_FREE = {"graph", "workflows", "server", "diffusion/files"}
EDGES = {"nodes": "nodes.comfyui", "server": "server.comfyui", "workflows": "workflows.comfyui"}
LONGEST = 400  # lines: a file that a reader holds in the head


def sources(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imports(tree: ast.AST) -> set[str]:
    names = set()
    for statement in ast.walk(tree):
        if isinstance(statement, ast.Import):
            names |= {alias.name for alias in statement.names}
        elif isinstance(statement, ast.ImportFrom):
            assert statement.level == 0, "imports are absolute"
            names.add(statement.module or "")
    return names


def roots(names: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in names}


def is_within(name: str, packages: set[str]) -> bool:
    """Whether a module is one of these packages or in one: ``a.b.c`` is in ``a.b`` and in ``a``."""
    return any(name == package or name.startswith(f"{package}.") for package in packages)


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_imports_point_inward(package):
    allowed = MAY_IMPORT[package] | {package} | sys.stdlib_module_names
    for path in sources(package):
        refused = {name for name in imports(ast.parse(path.read_text())) if not is_within(name, allowed)}
        assert not refused, f"{path.relative_to(ROOT)} imports {refused}"


@pytest.mark.parametrize("package", EDGES)
def test_nothing_inside_a_package_imports_its_public_edge(package):
    edge = EDGES[package]
    for path in sources(package):
        inside = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        if not is_within(inside, {edge}):
            found = {name for name in imports(ast.parse(path.read_text())) if is_within(name, {edge})}
            assert not found, f"{path.relative_to(ROOT)} imports {found}"


@pytest.mark.parametrize("package", sorted(TORCH_FREE))
def test_torch_free_parts_never_name_torch(package):
    heavy = {"torch", "diffusers", "transformers", "torchsde"}
    for path in sources(package):
        assert not roots(imports(ast.parse(path.read_text()))) & heavy, path.relative_to(ROOT)


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_nothing_reaches_for_anothers_private_names(package):
    for path in sources(package):
        for statement in ast.walk(ast.parse(path.read_text())):
            if isinstance(statement, ast.ImportFrom):
                private = [a.name for a in statement.names if a.name.startswith("_") and not a.name.startswith("__")]
                assert not private, f"{path.relative_to(ROOT)} imports {private}"


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_no_module_outgrows_a_reader(package):
    for path in sources(package):
        assert len(path.read_text().splitlines()) <= LONGEST, path.relative_to(ROOT)


def test_other_engines_are_spoken_of_only_at_the_edges():
    for package in MAY_IMPORT:
        for path in sources(package):
            if path.name != "comfyui.py" and "comfyui" not in path.parts:
                assert "comfy" not in path.read_text().lower(), path.relative_to(ROOT)


def test_no_package_prints():
    """Only the command line speaks to a terminal."""
    for package in MAY_IMPORT.keys() - {"cli"}:
        for path in sources(package):
            for call in ast.walk(ast.parse(path.read_text())):
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
                    assert call.func.id != "print", path.relative_to(ROOT)
