"""A test once more, with server and browser, on a machine that knows nobody but itself."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from typing import Final

from core.settings import ROOT

#: A name space of its own has a loopback, which is down at first, and no other way out.
_CUT: Final = ("unshare", "--map-root-user", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "cut")


def is_cut() -> bool:
    """Whether this process can reach nobody else already; a datagram's address is looked up, and nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        return asked.connect_ex(("192.0.2.1", 443)) != 0


def why_not() -> str:
    """Why the network cannot be cut here, "" where it can."""
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        return "unshare and ip, with which the network is cut, are not installed"
    tried = python("-c", "")
    return f"this system does not let a test cut the network: {tried.stderr.strip()}" if tried.returncode else ""


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python with the network cut."""
    return subprocess.run([*_CUT, sys.executable, *arguments], check=False, capture_output=True, text=True, cwd=ROOT)
