"""What it costs to refuse files that nobody should have sent: CPU seconds and memory beyond those of an empty file.

    .venv/bin/python benchmarks/refusals.py [NAME ...]

Each file is made, then read in a process of its own as scoring reads it. Prints a table in Markdown, and ends with 1
where a refusal costs more than 1.5 CPU seconds or 100 MB. The folder for temporary files needs 5 GB.
"""

from __future__ import annotations

import gzip
import io
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests import workbook  # noqa: E402

#: CPU seconds and MB that a refusal may cost.
MOST_CPU, MOST_MEMORY = 1.5, 100.0
_HEADER: Final = b"user,links,verified,tier,ratio,constant\n"
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_READ: Final = """
import resource, sys, tempfile
from pathlib import Path
import python_calamine
from core.data.streaming.reading import Reading
from core.data.streaming.source import source_of
from core.errors import TrustdeskError
from core.schema.schema import Column, Schema
schema = Schema(tuple(Column(name, "real") for name in ("links", "verified", "tier", "ratio", "constant")), id="user")
accepted = 0
try:
    with tempfile.TemporaryDirectory() as folder:
        reading = Reading(source_of("file", Path(sys.argv[1])), schema, Path(folder), allow_missing=True)
        for block in reading.blocks():
            accepted += len(block.frame)
    said = f"read, {accepted} rows accepted"
except TrustdeskError as error:
    said = str(error)
used = resource.getrusage(resource.RUSAGE_SELF)
(peak,) = (line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(used.ru_utime + used.ru_stime, int(peak) / 1000, said)
"""


def _zip(content: bytes, names: int = 1) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(names):
            archive.writestr(f"users{number}.csv", content)
    return packed.getvalue()


def _zstd(content: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(content)
    return sink.getvalue().to_pybytes()


def _sheet(rows: str, **parts: str) -> bytes:
    sheet = f'<worksheet xmlns="{_MAIN}"><sheetData>{rows}</sheetData></worksheet>'
    return workbook.book({"A": sheet}, more={f"xl/{name}.xml": text for name, text in parts.items()})


def _parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()


def _shared() -> bytes:
    texts = f'<sst xmlns="{_MAIN}"><si><t>{"y" * 32_000}</t></si></sst>'
    return _sheet("".join(f'<row r="{i}"><c r="A{i}" t="s"><v>0</v></c></row>' for i in range(1, 500_001)),
                  sharedStrings=texts)  # fmt: skip


def _names() -> bytes:
    return b"[" + b",".join(b'{"k%d":1}' % i for i in range(1_000_000)) + b"]"


def _repeated() -> pa.Table:
    of_one = pa.DictionaryArray.from_arrays(pa.array(np.zeros(5_000_000, np.int32)), pa.array(["z" * 1_000_000]))
    return pa.table({"user": of_one, "links": np.ones(5_000_000)})


#: Small files by name; those of 2 GB are written piece by piece.
FILES: Final[Mapping[str, Callable[[], bytes]]] = {
    "empty": lambda: b"",
    "gzip of 1 GB of zeros": lambda: gzip.compress(b"0" * 1_000_000_000, 6),
    "gzip of 500 MB of rows": lambda: gzip.compress(_HEADER + b"u,1,1,1,1,1\n" * 40_000_000, 6),
    "zip of 500 MB of zeros": lambda: _zip(b"0" * 500_000_000),
    "zip of 60,000 files": lambda: _zip(b"x", 60_000),
    "zstd of 1 GB of rows": lambda: _zstd(_HEADER + b"u,1,1,1,1,1\n" * 80_000_000),
    "10,000 columns": lambda: ",".join(f"c{i}" for i in range(10_000)).encode() + b"\n1\n",
    "a million columns": lambda: ",".join(f"c{i}" for i in range(1_000_000)).encode() + b"\n1\n",
    "a cell of 100 MB": lambda: _HEADER + b'u1,1,0,1,"' + b"x" * 100_000_000 + b'",3\n',
    "a cell of 100,000 lines": lambda: _HEADER + b'u1,1,0,1,"' + (b"x" * 1_000 + b"\n") * 100_000 + b'",3\n',
    "JSON with a value of 100 MB": lambda: b'[{"user":"' + b"x" * 100_000_000 + b'"}]',
    "JSON nested 3,000,000 deep": lambda: b'[{"a":' + b'{"a":' * 3_000_000,
    "JSON Lines nested 3,000,000 deep": lambda: b'{"a":1}\n' + b'{"a":' * 3_000_000,
    "JSON with a million names": _names,
    "a sheet with its corners only": lambda: _sheet('<row r="1"><c r="A1"/><c r="XFD1048576"><v>1</v></c></row>'),
    "a sheet of 1 GB of spaces": lambda: _sheet(" " * 1_000_000_000),
    "a sheet of 12,000,000 cells": lambda: _sheet("".join(
        f'<row r="{i}">' + f'<c r="A{i}"><v>{i}</v></c>' * 12 + "</row>" for i in range(1, 1_000_001)
    )),
    "a sheet of one text 500,000 times": _shared,
    "a workbook with entities": lambda: _sheet("", workbook='<!DOCTYPE x [<!ENTITY a "aa">]><workbook>&a;</workbook>'),
    "Parquet of one text 5,000,000 times": lambda: _parquet(_repeated()),
    "Parquet with a cell of 100 MB": lambda: _parquet(pa.table({"user": ["x" * 100_000_000, "b"]})),
}  # fmt: skip
_LONG: Final[Mapping[str, tuple[bytes, bytes]]] = {
    "a line of 2 GB": (_HEADER, b"x" * (1 << 24)), "a header of 2 GB": (b"", b"x," * (1 << 23))
}  # fmt: skip


@dataclass(frozen=True)
class Cost:
    cpu: float
    memory: float
    said: str


def cost(path: Path) -> Cost:
    """What a process has used that read a file: CPU seconds, MB at most, and what it said."""
    done = subprocess.run(
        [sys.executable, "-c", _READ, str(path)], cwd=ROOT, capture_output=True, text=True, check=True, timeout=300
    )  # fmt: skip
    cpu, memory, said = done.stdout.strip().split(" ", 2)
    return Cost(float(cpu), float(memory), said)


def costs(folder: Path, chosen: list[str]) -> Iterator[tuple[str, Cost]]:
    """Of each file, beyond what an empty one costs."""
    path, empty = folder / "file", None
    for name in ["empty", *(name for name in (*FILES, *_LONG) if name != "empty" and (not chosen or name in chosen))]:
        if name in _LONG:
            with path.open("wb") as file:
                file.write(_LONG[name][0])
                for _ in range(120):
                    file.write(_LONG[name][1])
        else:
            path.write_bytes(FILES[name]())
        found = cost(path)
        empty = empty or found
        yield name, Cost(found.cpu - empty.cpu, found.memory - empty.memory, found.said)


def main() -> None:
    too_much = False
    print("| file | CPU s | MB | what is said |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for name, found in costs(Path(folder), sys.argv[1:]):
            too_much |= found.cpu > MOST_CPU or found.memory > MOST_MEMORY
            print(f"| {name} | {found.cpu:.2f} | {found.memory:.0f} | {found.said[:90]} |", flush=True)
    raise SystemExit(too_much)


if __name__ == "__main__":
    main()
