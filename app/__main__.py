"""`python3 -m app`: makes .venv when it is missing or out of date, then hands over to `app.cli` inside it.

Whatever Python a machine calls `python3` must be able to read this file and `app/__init__.py`, if only
to say that it is too old: nothing here may be newer than Python 3.6. All else is in `app/bootstrap.py`.
"""

import os
import sys

NEEDED = (3, 11)


def too_old(version: "tuple[int, ...]") -> str:
    """The sentence for a Python that is too old, else an empty one."""
    if version >= NEEDED:
        return ""
    return (
        "Trustdesk needs Python {0}.{1} or newer; this is {2}.{3}. Install Python {0}.{1} or newer from "
        "https://www.python.org/downloads/ and run it with that: python{0}.{1} -m app".format(*NEEDED, *version)
    )


if __name__ == "__main__":
    sentence = too_old(sys.version_info[:2])
    if sentence:
        sys.stderr.write(sentence + "\n")
        sys.exit(2)
    if not __package__:  # started as `python3 path/to/app`: then the folder `app` is on the path, not its parent
        sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120
    from app.bootstrap import start

    sys.exit(start(sys.argv[1:]))
