"""What has to be there before several processes can serve, and what nginx is told."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import app, several
from app.web import load_balancer
from app.web.load_balancer import LoadBalancer
from core.errors import BadOptionError
from core.home import Home
from core.settings import ROOT


def test_without_nginx_it_is_said_what_to_install(own: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(load_balancer, "ELSEWHERE", "")
    monkeypatch.chdir(own.settings.home)
    refused = CliRunner().invoke(app, ["--home", str(own.settings.home), "--workers", "2"])
    assert refused.exit_code == 4
    assert refused.stderr.startswith("Several processes need nginx")
    assert "or start without --workers" in refused.stderr


@pytest.mark.skipif(not Path("/usr/sbin/nginx").exists(), reason="nginx is not where Debian puts it")
def test_nginx_is_found_where_the_path_of_a_user_does_not_lead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(BadOptionError, match="cannot be listened at"):
            LoadBalancer(2, "127.0.0.1", taken.getsockname()[1]).run({})


@pytest.mark.skipif(shutil.which("nginx") is None, reason="there is no nginx")
def test_a_port_that_is_taken_is_said() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(BadOptionError, match="cannot be listened at"):
            LoadBalancer(2, "127.0.0.1", taken.getsockname()[1]).run({})


def test_they_are_reached_where_one_would_be(monkeypatch: pytest.MonkeyPatch, own: Home) -> None:
    monkeypatch.chdir(own.settings.home)
    assert several(3, None) == LoadBalancer(3, "127.0.0.1", 8501)
    assert several(2, 9000) == LoadBalancer(2, "127.0.0.1", 9000)


@pytest.mark.skipif(shutil.which("nginx") is None, reason="there is no nginx")
@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_nginx_takes_what_it_is_told(tmp_path: Path, address: str) -> None:
    folder = tmp_path / "a folder"
    folder.mkdir()
    (folder / "nginx.conf").write_text(LoadBalancer(2, address, 8501).configuration(folder, [1, 2]), encoding="utf-8")
    done = subprocess.run(
        ["nginx", "-e", "stderr", "-p", str(folder), "-t", "-c", str(folder / "nginx.conf")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="the system does not end processes with another one")
def test_what_it_has_begun_ends_with_it_when_it_is_killed() -> None:
    begun = "import os; print(os.getpid(), flush=True); import time; time.sleep(600)"
    script = (
        "import sys; from app.web.load_balancer import _kept_running; "
        f"_kept_running([[sys.executable, '-c', {begun!r}]], {{}})"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=ROOT) as running:
        assert running.stdout
        pid = int(running.stdout.readline())
        os.kill(pid, 0)  # it is there
        running.kill()
        assert running.stdout.read() == ""  # what it has begun holds the other end, and so has ended too
