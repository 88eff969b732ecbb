"""A chained file keeps every line, takes them from many at once, and gives away any change."""

from __future__ import annotations

import errno
import hashlib
import os
import threading
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import FileProblemError, StorageError
from core.store import chained_log, log_line, verify
from core.store.group_commit import GroupCommit

NAMES = ("who", "what")
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.text("=+-@\t\r\n\\'\",0rnn\0 a", max_size=12)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "notes.csv"


def add(path: Path, *rows: tuple[str, ...], names: tuple[str, ...] = NAMES) -> None:
    chained_log.append(path, names, [[log_line.encode(text) for text in row] for row in rows])


def rows(path: Path, width: int = len(NAMES)) -> list[tuple[str, ...]]:
    """All rows of all files, through the same door as the stores."""
    found: list[tuple[str, ...]] = []
    for file in chained_log.files(path):
        for table, _ in chained_log.tables(file, [pa.string()] * width):
            found += zip(*(table[str(i)].to_pylist() for i in range(width)), strict=True)
    return found


@given(TEXT)
def test_a_cell_gives_its_text_back_on_one_line_and_is_no_formula(text: str) -> None:
    cell = log_line.encode(text)

    assert log_line.decode(cell) == text
    assert not set(cell) & {"\n", "\r", "\0"}
    assert not cell.startswith(("=", "+", "-", "@", "\t", "＝", "＋", "－", "＠"))


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_reads_back_as_the_same_number(value: float) -> None:
    assert float(log_line.number(value)).hex() == value.hex()


def test_numbers_are_written_as_numbers_not_as_text() -> None:
    assert [log_line.number(value) for value in (-1.5, 3.0, 0.1, 1e12, None)] == [
        "-1.5",
        "3",
        "0.1",
        "1000000000000",
        "",
    ]


@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=5))
def test_rows_read_back_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, written: list[tuple[str, str]]
) -> None:
    path = tmp_path_factory.mktemp("rows") / "notes.csv"
    for row in written:
        add(path, row)

    assert rows(path) == written
    assert verify.verify(path).whole
    assert path.read_bytes().count(b"\n") == 1 + len(written)


def test_the_chain_is_what_the_documentation_says(path: Path) -> None:
    add(path, ("Ada", "a,b"), ("Bo", ""))
    header, first, second = path.read_bytes().splitlines(keepends=True)

    chained = hashlib.sha256(header).hexdigest()
    for line, payload in ((first, 'Ada,"a,b"'), (second, "Bo,")):
        assert line.decode().startswith(payload)
        salt, digest, link = line.decode().rstrip("\n").split(",")[-3:]
        assert digest == hashlib.sha256((salt + payload).encode()).hexdigest()
        chained = hashlib.sha256((chained + digest).encode()).hexdigest()
        assert link == chained
    assert verify.verify(path).head == chained


def test_equal_rows_have_different_digests(path: Path) -> None:
    add(path, ("Ada", "x"), ("Ada", "x"))
    first, second = (line.split(b",")[-2] for line in path.read_bytes().splitlines()[1:])

    assert first != second


def test_every_flipped_bit_is_found(path: Path) -> None:
    add(path, ("Ada", 'says "x"\n'), ("forgotten", "y"), ("Cy", ""))
    chained_log.forget(path, lambda cells: cells[0] == "forgotten")
    whole = path.read_bytes()
    unseen = []
    for place in range(len(whole)):
        for bit in (0, 1, 5, 7):  # the last two: another case, and no ASCII
            path.write_bytes(whole[:place] + bytes([whole[place] ^ (1 << bit)]) + whole[place + 1 :])
            if verify.verify(path).whole:
                unseen.append((place, bit))

    assert unseen == []


@pytest.mark.parametrize("change", ["drop", "swap", "double", "insert"])
def test_lines_taken_out_put_in_or_moved_are_found(path: Path, change: str) -> None:
    add(path, ("Ada", "1"), ("Bo", "2"), ("Cy", "3"))
    header, one, two, three = path.read_bytes().splitlines(keepends=True)
    changed = {
        "drop": [header, one, three],
        "swap": [header, two, one, three],
        "double": [header, one, one, two, three],
        "insert": [header, one, log_line.seal(["Eve", "0"], "00", b"")[0], two, three],
    }
    path.write_bytes(b"".join(changed[change]))

    broken = verify.verify(path).broken

    assert broken is not None
    assert broken.line == {"drop": 3, "swap": 2, "double": 3, "insert": 3}[change]
    assert str(broken).startswith(f"notes.csv, line {broken.line}: ")


def test_a_forgotten_line_with_other_cells_is_found(path: Path) -> None:
    add(path, ("Ada", "1"), ("Bo", "2"))
    chained_log.forget(path, lambda cells: cells[0] == "Ada")
    path.write_bytes(path.read_bytes().replace(b"\n,,", b"\n,,,"))

    assert not verify.verify(path).whole


def test_nothing_written_verifies_as_nothing(path: Path) -> None:
    assert verify.verify(path) == verify.Verified()
    assert not path.parent.joinpath("notes.csv.lock").exists()


def test_an_unfinished_line_is_set_aside_wherever_it_ends(path: Path) -> None:
    add(path, ("Ada", "1"), ("Bo", "late"))
    whole = path.read_bytes()
    start = whole.rindex(b"\n", 0, -1) + 1
    for end in range(start + 1, len(whole)):
        path.write_bytes(whole[:end])
        assert verify.verify(path).torn == 1 + (end - start - 1)
        add(path, ("Cy", "3"))

        assert rows(path) == [("Ada", "1"), ("Cy", "3")]
        verified = verify.verify(path)
        assert verified.whole
        assert verified.torn == chained_log.set_aside(path) == end - start
        assert path.with_name("notes.csv.torn").read_bytes().splitlines()[-1] == whole[start:end]


def test_a_line_that_is_whole_but_was_never_acknowledged_stays(path: Path) -> None:
    add(path, ("Ada", "1"))
    add(path, ("Bo", "2"))

    assert verify.verify(path).torn == 0
    assert len(rows(path)) == 2


def test_lines_longer_than_what_is_read_at_once_are_chained(path: Path) -> None:
    long = "x" * 70_000
    for number in range(3):
        add(path, (str(number), long))

    assert rows(path) == [(str(number), long) for number in range(3)]
    assert verify.verify(path).whole


def test_reading_goes_on_where_it_ended(path: Path) -> None:
    add(path, ("Ada", "1"), ("Bo", "2"))
    ((_, end),) = chained_log.tables(path, [pa.string()] * 2)
    assert end == path.stat().st_size
    assert list(chained_log.tables(path, [pa.string()] * 2, end)) == []
    add(path, ("Cy", "3"))

    ((table, _),) = chained_log.tables(path, [pa.string()] * 2, end)
    assert table["0"].to_pylist() == ["Cy"]


def test_other_columns_begin_a_file_that_goes_on_from_the_one_before(path: Path) -> None:
    add(path, ("Ada", "1"))
    add(path, ("Bo", "2", "why"), names=(*NAMES, "why"))
    add(path, ("Cy", "3", "why"), names=(*NAMES, "why"))
    add(path, ("Di", "4"))

    assert [file.name for file in chained_log.files(path)] == ["notes.csv", "notes-2.csv", "notes-3.csv"]
    assert [chained_log.columns(file) for file in chained_log.files(path)] == [
        ["who", "what"],
        ["who", "what", "why"],
        ["who", "what"],
    ]
    assert verify.verify(path).rows == 4
    assert verify.verify(path).whole


def test_files_follow_their_numbers_and_others_are_left_alone(path: Path) -> None:
    for number in range(11):
        add(path, (str(number), "x"), names=("who", f"what {number}"))
    for other in ("notes-1.csv", "notes-02.csv", "notes-old.csv"):
        (path.parent / other).write_text("mine\n", encoding="utf-8")

    assert [row[0] for row in rows(path)] == [str(number) for number in range(11)]
    assert verify.verify(path).whole


@pytest.mark.parametrize("change", ["flip", "remove"])
def test_a_change_in_one_file_breaks_the_chain_into_the_next(path: Path, change: str) -> None:
    for names in (NAMES, ("a", "b"), ("c", "d")):
        add(path, ("Ada", "1"), names=names)
    middle = path.with_name("notes-2.csv")
    if change == "flip":
        middle.write_bytes(middle.read_bytes().replace(b"Ada", b"Bda"))
    else:
        middle.unlink()

    broken = verify.verify(path).broken

    assert broken is not None
    assert (broken.file, broken.line) == (("notes-2.csv", 2) if change == "flip" else ("notes-3.csv", 2))


def test_columns_may_have_any_name(path: Path) -> None:
    names = ("=1+1", "two\nlines", 'a "b", c')
    add(path, ("x", "y", "z"), names=names)

    assert chained_log.columns(path) == list(names)
    assert rows(path, 3) == [("x", "y", "z")]


def test_forgetting_leaves_the_chain_and_no_word(path: Path) -> None:
    add(path, ("Ada", "secret"), ("Bo", "2"))
    head = verify.verify(path).head
    with path.open("ab") as stream:
        stream.write(b"Ada,half a secr")

    assert chained_log.forget(path, lambda cells: cells[0] == "Ada") == 1
    assert chained_log.forget(path, lambda cells: cells[0] == "Ada") == 0

    assert verify.verify(path) == verify.Verified(rows=2, forgotten=1, torn=1, head=head)
    assert not [file for file in path.parent.iterdir() if b"Ada" in file.read_bytes() or b"secr" in file.read_bytes()]


def test_a_header_alone_goes_on_from_the_file_before(path: Path) -> None:
    add(path, ("Ada", "1"))
    path.with_name("notes-2.csv").write_bytes(log_line.header(("other",)))
    add(path, ("x",), names=("other",))

    assert [file.name for file in chained_log.files(path)] == ["notes.csv", "notes-2.csv"]
    assert verify.verify(path).whole


def test_forgetting_leaves_a_header_and_what_cannot_be_a_line(path: Path) -> None:
    add(path, ("Ada", "1"))
    with path.open("ab") as stream:
        stream.write(b"no line\n")
    header = path.read_bytes().splitlines()[0]

    assert chained_log.forget(path, lambda _: True) == 1
    assert path.read_bytes().splitlines()[::2] == [header, b"no line"]


def test_a_forgotten_line_says_nothing_that_could_be_tried_out(path: Path) -> None:
    add(path, ("Ada", "1"))
    salt = path.read_bytes().splitlines()[1].split(b",")[-3]
    chained_log.forget(path, bool)

    assert salt not in path.read_bytes()


def test_a_damaged_line_is_told_as_such(path: Path) -> None:
    add(path, ("Ada", "1"))
    path.write_bytes(path.read_bytes() + b"\xff,too,short\n")

    with pytest.raises(FileProblemError, match=r"notes\.csv: a line was changed from outside"):
        rows(path)


def test_a_full_disk_leaves_the_file_as_it_was(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add(path, ("Ada", "1"))
    before, write = path.read_bytes(), os.write

    def full(descriptor: int, text: bytes) -> int:
        if len(text) > 10:
            return write(descriptor, text[:10])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        with pytest.raises(StorageError, match=r"notes\.csv cannot be written: No space left on device"):
            add(path, ("Bo", "2" * 7))
    assert path.read_bytes() == before
    add(path, ("Cy", "3"))
    assert rows(path) == [("Ada", "1"), ("Cy", "3")]


def test_a_place_that_may_not_be_written_to_is_told_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(StorageError, match="Permission denied"):
        add(tmp_path / "deep" / "notes.csv", ("Ada", "1"))


def test_threads_that_ask_at_once_are_served_together_and_each_gets_its_answer() -> None:
    first_runs, go_on = threading.Event(), threading.Event()
    batches: list[list[int]] = []

    def serve(wishes: list[int]) -> list[int]:
        batches.append(list(wishes))
        first_runs.set()
        go_on.wait(30)
        return [10 * wish for wish in wishes]

    together: GroupCommit[int, int] = GroupCommit(serve)  # type: ignore[arg-type]
    answers: dict[int, int] = {}
    threads = [threading.Thread(target=lambda i=i: answers.update({i: together.ask(i)})) for i in range(6)]
    threads[0].start()
    first_runs.wait(30)
    for thread in threads[1:]:
        thread.start()
    while len(together._waiting) < 6:
        threading.Event().wait(0.001)
    go_on.set()
    for thread in threads:
        thread.join()

    assert answers == {i: 10 * i for i in range(6)}
    assert [len(batch) for batch in batches] == [1, 5]


def test_who_shares_a_failure_is_served_by_itself() -> None:
    def serve(wishes: list[int]) -> list[int]:
        if 0 in wishes:
            raise ValueError("no room")
        return wishes

    together: GroupCommit[int, int] = GroupCommit(serve)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no room"):
        together.ask(0)

    assert together.ask(1) == 1
