"""The first hour with the network cut: server and browser on a machine that knows nobody but itself."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import Final

import pytest

from core.settings import ROOT

#: A name space of its own has a loopback, which is down at first, and no other way out.
CUT: Final = ("unshare", "--map-root-user", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "cut")
JOURNEY: Final = "tests/e2e/test_first_hour.py"
#: Succeeds where a name can be looked up or an address reached: then nothing was cut.
OUT: Final = "import socket; socket.create_connection(('192.0.2.1', 443), 5)"


def cut(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*CUT, sys.executable, *command], check=False, capture_output=True, text=True, cwd=ROOT)


@pytest.fixture
def _alone() -> None:
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        pytest.skip("unshare and ip, with which the network is cut, are not installed")
    if (tried := cut("-c", "")).returncode:
        pytest.skip(f"this kernel does not let tests cut the network: {tried.stderr.strip()}")


@pytest.mark.usefixtures("_alone")
def test_the_first_hour_passes_with_the_network_cut() -> None:
    assert "Network is unreachable" in cut("-c", OUT).stderr

    done = cut("-m", "pytest", "-q", "-p", "no:cacheprovider", JOURNEY)

    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout
