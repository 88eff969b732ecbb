"""The pictures of the pages: drawn by the command, of the page and not of its waiting."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.devtools import picture_manifest
from core.settings import ROOT

#: The least share of dark pixels beside the navigation: more than titles, menus and a bar of progress have.
INK = {"compare": 0.01, "audit": 0.002}


@pytest.mark.slow
def test_the_command_draws_pages_with_something_on_them(tmp_path: Path) -> None:
    bundled = {path: path.stat().st_mtime_ns for path in (ROOT / "models").rglob("*")}

    command = [sys.executable, "-m", "app", "screenshots", *INK, "--output", str(tmp_path)]
    environment = {**os.environ, "TRUSTDESK_NO_VENV": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert {page: entry["digest"] for page, entry in picture_manifest.manifest(tmp_path).items()} == {
        page: picture_manifest.digest(page) for page in INK
    }
    for page, ink in INK.items():
        with Image.open(tmp_path / f"{page}.png") as picture:
            assert picture.size == (picture_manifest.WIDTH, picture_manifest.HEIGHT)
            grey = np.asarray(picture.convert("L"))
        assert (grey[:, 240:] < 128).mean() > ink
    assert {path: path.stat().st_mtime_ns for path in (ROOT / "models").rglob("*")} == bundled
