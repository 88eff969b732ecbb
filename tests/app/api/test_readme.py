"""Every endpoint is in the README with `curl`, and all of it works as it stands there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from app.api.main import create
from app.api.options import Options
from core.home import Home
from core.settings import HOME_VARIABLE, ROOT
from tests.app.api.server import serving

README = (ROOT / "README.md").read_text(encoding="utf-8")
ADDRESS = "http://127.0.0.1:8000"


def script() -> str:
    """What stands in the code blocks between the markers."""
    section = README.partition("<!-- api -->")[2].partition("<!-- /api -->")[0]
    return "\n".join(re.findall(r"```bash\n(.*?)```", section, re.DOTALL))


def test_every_endpoint_is_in_the_readme() -> None:
    told = script()
    for path in create(Home.open(ROOT), Options()).openapi()["paths"]:
        pattern = re.sub(r"\\\{[a-z]+\\\}", r"\\$[A-Z]+", re.escape(path.removeprefix("/v1")))
        assert re.search(rf"\$API{pattern}(?![a-z/])", told), f"{path} is not in the README"


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
def test_what_the_readme_says_works(tmp_path: Path) -> None:
    home, theirs = Home.open(tmp_path / "home"), Home.open(ROOT)
    home.settings.data.mkdir(parents=True)
    shutil.copytree(theirs.settings.models, home.settings.models)
    for path in (theirs.settings.schema_file, theirs.settings.glossary_file, theirs.settings.salt_file):
        shutil.copy(path, home.settings.data)
    (tmp_path / ".curlrc").write_text("fail\nsilent\nshow-error\n")  # a status of 400 and more ends the script
    with serving(home) as api:
        text = script().replace(ADDRESS, f"http://127.0.0.1:{api.port}").replace("-o scored.csv", f"-o {tmp_path}/out")
        text = text.replace("-o run.parquet", f"-o {tmp_path}/run.parquet")
        environment = os.environ | {HOME_VARIABLE: str(home.settings.home), "CURL_HOME": str(tmp_path)}
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", text], check=False, capture_output=True, text=True, cwd=ROOT,
            env=environment, timeout=240,
        )  # fmt: skip

    assert done.returncode == 0, done.stderr[-3_000:]
    assert '"prediction_id": "r-0001-1"' in done.stdout
    assert (tmp_path / "out").read_text().count("\n") == 5_001
    assert len(home.feedback.read()) == 2
    assert sorted(run.name for run in home.runs.recent()) == ["API", "users.csv.gz"]
