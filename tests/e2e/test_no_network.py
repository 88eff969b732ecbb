"""The analyst's journey with the network cut: server, browser and test alone on a machine without any way out."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import Final

import pytest

from core.settings import ROOT

JOURNEY: Final = "tests/e2e/test_journey.py::test_from_a_file_with_mistakes_to_the_table_taken_away"
#: A network of its own, in which nothing but this machine's own address can be reached.
ALONE: Final = ("unshare", "--map-root-user", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh")
OUTSIDE: Final = "import socket; socket.create_connection(('192.0.2.1', 80), 5)"


def alone(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*ALONE, *command], cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture
def cut() -> None:
    """Skip where the system cannot cut the network; fail where it says that it has, and has not."""
    if not (shutil.which("unshare") and shutil.which("ip")) or alone("true").returncode:
        pytest.skip("this system does not let a process have a network of its own")
    assert "unreachable" in alone(sys.executable, "-c", OUTSIDE).stderr


def test_the_journey_passes_with_the_network_cut(cut: None) -> None:
    done = alone(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", JOURNEY)

    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout
