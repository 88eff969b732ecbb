"""Benchmarks are run by hand, so that nobody would notice that one does not start any more."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

from core.settings import ROOT

FILES = sorted((ROOT / "benchmarks").glob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_a_benchmark_imports_is_there_once_it_has_made_the_program_importable(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    made = [
        node.lineno for node in ast.walk(tree) if isinstance(node, ast.Attribute) and ast.unparse(node) == "sys.path"
    ]
    # One that begins with another benchmark leaves it to that one.
    others = [node.lineno for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module == "dashboard"]
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.partition(".")[0] in {"core", "app"}:
            assert min([*made, *others]) < node.lineno, f"line {node.lineno}"
            module = importlib.import_module(node.module)
            for alias in node.names:
                assert hasattr(module, alias.name) or importlib.import_module(f"{node.module}.{alias.name}")
