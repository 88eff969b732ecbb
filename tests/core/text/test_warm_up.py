"""What the set-up has compiled is all that training, scoring and explaining texts would compile."""

from __future__ import annotations

import subprocess
import sys

from core.settings import ROOT

#: In a process of its own: in this one, other tests have compiled some of them.
MORE = """
import importlib, pkgutil
import numpy as np
from core.text import kernels, linear
from core.text.rows import TextRows

def compiled():
    names = (each.name for each in pkgutil.iter_modules(kernels.__path__, kernels.__name__ + "."))
    modules = [importlib.import_module(name) for name in names]
    found = {value for module in modules for value in vars(module).values() if hasattr(value, "signatures")}
    return {(each.py_func.__name__, signature) for each in found for signature in each.signatures}

linear.warm_up()
before = compiled()
texts = [f"message number {at} of {at % 3}" for at in range(60)] + [None]
rows, targets = TextRows.of(texts), np.eye(3)[np.arange(61) % 3]
for chosen in (targets, targets[:, :1]):
    model = linear.fit(rows, chosen, np.linspace(1, 2, 61), strength=linear.strength(rows, chosen))
    model.margins_of(texts), model.words("message 2 of 1"), model.unseen(rows)
print(*compiled() - before)
"""


def test_no_loop_on_texts_is_left_to_be_compiled() -> None:
    done = subprocess.run([sys.executable, "-c", MORE], check=True, cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == "\n"
