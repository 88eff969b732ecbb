"""What a command may write over: nothing that it reads, nothing of the home's, and of others what it was told to."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import BadOptionError, RefusedError
from core.home import Home
from core.targets import Target, new_folder

OURS = "ours\n"
THEIRS = "user,links\nu1,2\n"


def is_ours(path: Path) -> bool:
    return path.read_text(encoding="utf-8").startswith(OURS)


def target(path: Path, *reads: Path, home: Home, overwrite: bool = False) -> Target:
    found = Target(path, is_ours, home.kept, reads, overwrite, (".csv",))
    found.claim()
    return found


def text(path: Path, content: str = THEIRS) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    return path


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, which is not the home."""
    (tmp_path / "place").mkdir()
    monkeypatch.chdir(tmp_path / "place")
    return tmp_path / "place"


def same(place: Path) -> tuple[Path, Path]:
    return place / "a.csv", place / "a.csv"


def relative(place: Path) -> tuple[Path, Path]:
    return Path("./../place/a.csv"), place / "a.csv"


def link_to_output(place: Path) -> tuple[Path, Path]:
    (place / "b.csv").symlink_to(place / "a.csv")
    return place / "b.csv", place / "a.csv"


def link_to_input(place: Path) -> tuple[Path, Path]:
    (place / "b.csv").symlink_to("a.csv")
    return place / "a.csv", place / "b.csv"


def second_name(place: Path) -> tuple[Path, Path]:
    os.link(place / "a.csv", place / "b.csv")
    return place / "b.csv", place / "a.csv"


def linked_folder(place: Path) -> tuple[Path, Path]:
    (place.parent / "other").symlink_to(place, target_is_directory=True)
    return place.parent / "other" / "a.csv", place / "a.csv"


@pytest.mark.skipif(os.name == "nt", reason="links take rights there")
@pytest.mark.parametrize("content", [THEIRS, OURS, ""])
@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("names", [same, relative, link_to_output, link_to_input, second_name, linked_folder])
def test_what_is_read_is_never_written_over_whatever_it_is_called(
    names: Callable[[Path], tuple[Path, Path]], overwrite: bool, content: str, place: Path, home: Home
) -> None:
    text(place / "a.csv", content)
    output, source = names(place)
    with pytest.raises(BadOptionError, match="is read by this command") as told:
        target(output, text(place / "other.csv"), source, home=home, overwrite=overwrite)
    assert str(output) in str(told.value)
    assert str(source) in str(told.value)
    assert "--overwrite" not in str(told.value)
    assert (place / "a.csv").read_text(encoding="utf-8") == content


@pytest.mark.skipif(os.name == "nt", reason="there is no /dev/fd")
def test_what_comes_in_over_a_descriptor_is_known_too(place: Path, home: Home) -> None:
    with text(place / "a.csv").open("rb") as stream, pytest.raises(BadOptionError, match="is read by this command"):
        target(place / "a.csv", Path(f"/dev/fd/{stream.fileno()}"), home=home, overwrite=True)


def test_a_file_of_somebody_elses_is_replaced_when_that_is_asked_for(place: Path, home: Home) -> None:
    path = text(place / "a.csv")
    with pytest.raises(BadOptionError, match=r"a\.csv: this file is there already.* Or add --overwrite"):
        target(path, home=home)
    target(path, home=home, overwrite=True).write_text("new")
    assert path.read_text(encoding="utf-8") == "new"


@pytest.mark.parametrize("content", [OURS, ""])
def test_an_own_file_and_one_without_a_byte_are_replaced_without_asking(content: str, place: Path, home: Home) -> None:
    path = text(place / "a.csv", content)
    target(path, text(place / "in.csv"), home=home).write_text("new")
    assert path.read_text(encoding="utf-8") == "new"
    assert sorted(each.name for each in place.iterdir()) == ["a.csv", "in.csv"]


@pytest.mark.parametrize("overwrite", [False, True])
def test_what_came_while_the_work_was_done_is_looked_at_again(overwrite: bool, place: Path, home: Home) -> None:
    source, path = text(place / "in.csv"), place / "a.csv"
    found = target(path, source, home=home, overwrite=overwrite)

    def work() -> None:
        with found.replacing() as temporary:
            temporary.write_text("new", encoding="utf-8")
            if overwrite:
                source.rename(path)
            else:
                text(path)

    with pytest.raises(BadOptionError, match=r"a\.csv"):
        work()
    assert path.read_text(encoding="utf-8") == THEIRS
    assert [each.name for each in place.iterdir() if each.suffix == ".tmp"] == []


@pytest.mark.parametrize("before", ["", OURS])
def test_a_file_that_has_changed_meanwhile_can_be_left_alone_though_it_is_an_own_one(
    before: str, place: Path, home: Home
) -> None:
    path = text(place / "a.csv", before) if before else place / "a.csv"
    found = target(path, home=home)
    found.claim_unchanged()
    text(path, OURS + "of another process")
    with pytest.raises(RefusedError, match=r"a\.csv was written by somebody else meanwhile"):
        found.claim_unchanged()
    found.claim()


KEPT = ["data/feedback/feedback.csv", "data/feedback/new.csv", "data/audit.csv", "data/audit-2.csv", "models/a.csv",
        "data/glossary.csv", "data/runs/r-0001/scores.csv", "data/logs/a.csv"]  # fmt: skip


@pytest.mark.parametrize("there", [False, True])
@pytest.mark.parametrize("name", KEPT)
def test_what_the_home_keeps_is_never_written_over(name: str, there: bool, home: Home) -> None:
    path = home.settings.home / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if there:
        text(path, OURS)
    with pytest.raises(BadOptionError, match=r"the workspace .* keeps its own files there"):
        target(path, home=home, overwrite=True)
    assert path.exists() == there


@pytest.mark.parametrize("name", ["scored.csv", "data/scored.csv", "data/demo/scored.csv", "other/models/a.csv"])
def test_other_places_in_a_home_are_anybodys(name: str, home: Home) -> None:
    path = home.settings.home / name
    path.parent.mkdir(parents=True, exist_ok=True)
    target(path, home=home).write_text("new")
    assert path.read_text(encoding="utf-8") == "new"


@pytest.mark.skipif(os.name == "nt", reason="links take rights there")
def test_what_the_home_keeps_is_known_by_another_name_and_in_another_folder(place: Path, home: Home) -> None:
    verdicts = text(place / "store" / "feedback.csv")
    home.settings.data.mkdir()
    home.settings.feedback.symlink_to(place / "store")
    text(home.settings.glossary_file)
    os.link(home.settings.glossary_file, place / "mine.csv")
    os.link(text(home.settings.runs / "r-0001" / "a.csv"), place / "run.csv")
    (home.settings.models).mkdir()
    (home.settings.models / "v0001").symlink_to(text(place / "elsewhere" / "x.csv").parent)
    for path in (verdicts, place / "mine.csv", place / "run.csv", place / "elsewhere" / "x.csv"):
        with pytest.raises(BadOptionError, match="keeps its own files there"):
            target(path, home=home, overwrite=True)


@pytest.mark.skipif(os.name == "nt", reason="links take rights there")
def test_of_a_link_what_it_leads_to_is_written_and_the_link_stays(place: Path, home: Home) -> None:
    theirs, ours = text(place / "theirs.csv"), text(place / "deep" / "ours.dat", OURS)
    for name, real in (("a.csv", theirs), ("b.csv", ours), ("c.csv", place / "deep" / "new.dat")):
        (place / name).symlink_to(real)
    with pytest.raises(BadOptionError, match=r"a\.csv: this file is there already"):
        target(place / "a.csv", home=home)
    for name, real in (("b.csv", ours), ("c.csv", place / "deep" / "new.dat")):
        target(place / name, home=home).write_text("new")
        assert (place / name).is_symlink()
        assert real.read_text(encoding="utf-8") == "new"
    (place / "d.csv").symlink_to(place / "none" / "x.csv")
    with pytest.raises(BadOptionError, match=r"there is no folder .*none"):
        target(place / "d.csv", home=home)
    (place / "e.csv").symlink_to("e.csv")
    with pytest.raises(BadOptionError, match=r"e\.csv: no file can be written there"):
        target(place / "e.csv", home=home)


@pytest.mark.skipif(os.name == "nt", reason="there are no such files")
def test_a_place_where_no_file_can_be_is_refused(place: Path, home: Home) -> None:
    os.mkfifo(place / "pipe.csv")
    (place / "null.csv").symlink_to("/dev/null")
    (place / "folder.csv").mkdir()
    text(place / "file")
    for name, sentence in {
        "pipe.csv": "a pipe or a device", "null.csv": "a pipe or a device", "folder.csv": "this is a folder",
        "none/a.csv": "there is no folder", "file/a.csv": "there is no folder", "a.txt": "must end in .csv",
        "a" * 300 + ".csv": "no file can be written there", "a\0b.csv": "no file can have this name",
    }.items():  # fmt: skip
        with pytest.raises(BadOptionError, match=sentence):
            target(place / name, home=home, overwrite=True)


@pytest.mark.parametrize(("content", "goes"), [(OURS, True), (THEIRS, False), ("", False)])
def test_only_an_own_file_is_taken_away(content: str, goes: bool, place: Path, home: Home) -> None:
    path = text(place / "a.csv", content)
    Target(path, is_ours, home.kept, overwrite=True).clear()
    assert path.exists() != goes
    Target(place / "none.csv", is_ours, home.kept).clear()


@pytest.mark.skipif(os.name == "nt", reason="links take rights there")
def test_of_a_link_to_an_own_file_the_link_is_taken_away(place: Path, home: Home) -> None:
    path = text(place / "ours.csv", OURS)
    (place / "a.csv").symlink_to(path)
    Target(place / "a.csv", is_ours, home.kept).clear()
    assert path.exists()
    assert not (place / "a.csv").is_symlink()


@pytest.mark.skipif(os.name == "nt", reason="links take rights there")
def test_a_new_folder_is_where_nothing_is_and_not_among_what_the_home_keeps(place: Path, home: Home) -> None:
    assert new_folder(place / "new", home.kept) == place / "new"
    (place / "link").symlink_to(place / "nowhere")
    for path in (place, text(place / "file"), place / "link"):
        with pytest.raises(BadOptionError, match="is there already"):
            new_folder(path, home.kept)
    for path in (home.settings.models / "v0009", home.settings.runs):
        with pytest.raises(BadOptionError, match="keeps its own files"):
            new_folder(path, home.kept)
