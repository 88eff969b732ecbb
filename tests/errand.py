"""In the place of a program of ours: has it run as a fork (`tests.forked`), passes signals on, and ends as it does.

`python -I -S errand.py ADDRESS HELD -m MODULE ...`: nothing but what the interpreter has loaded anyway and the socket.
"""

import json
import os
import signal
import socket
import sys

_PASSED_ON = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)


def main() -> int:
    passed = {*_PASSED_ON}
    signal.pthread_sigmask(signal.SIG_BLOCK, passed)  # until it is known whose they are
    asking = socket.socket(socket.AF_UNIX)
    asking.connect(sys.argv[1])
    held = [] if sys.argv[2] == "-" else [int(sys.argv[2])]
    asked = {"words": sys.argv[3:], "folder": os.getcwd(), "environment": dict(os.environ)}  # noqa: PTH109
    socket.send_fds(asking, [json.dumps(asked).encode() + b"\n"], [0, 1, 2, *held])
    for file in held:
        os.close(file)
    told = asking.makefile()
    program = int(told.readline())
    for number in passed:
        signal.signal(number, lambda number, _: os.kill(program, number))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, passed)
    for stream in (0, 1, 2):
        os.close(stream)  # whoever reads is told of the end when the program ends
    code = int(told.readline())
    if code < 0:
        signal.signal(-code, signal.SIG_DFL) if -code != signal.SIGKILL else None
        os.kill(os.getpid(), -code)
    return code


if __name__ == "__main__":
    os._exit(main())
