"""Every page has a picture, and it is of the page as it is."""

from __future__ import annotations

import io
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from app.cli import app
from app.devtools import picture_manifest, screenshots
from core.settings import ROOT

SIGNATURE = b"\x89PNG\r\n\x1a\n"
#: Of all pictures together, in bytes: they are committed.
MOST = 2_000_000


def size(picture: Path) -> tuple[int, int]:
    """Width and height as the header of a PNG says; fails for any other file."""
    head = picture.read_bytes()[:24]
    assert head[:8] == SIGNATURE, f"{picture} is no PNG"
    assert head[12:16] == b"IHDR"
    width, height = struct.unpack(">II", head[16:24])
    return width, height


def test_the_pages_are_those_of_the_navigation() -> None:
    assert sorted(picture_manifest.pages()) == sorted(path.stem for path in (ROOT / "pages").glob("*.py"))
    assert picture_manifest.pages()[0] == "overview"


def test_every_page_has_a_picture_of_the_page_as_it_is() -> None:
    changed = picture_manifest.outdated()

    assert not changed, (
        f"These pages look otherwise than their pictures: {', '.join(changed)}. "
        f"Draw them anew: {picture_manifest.COMMAND} {' '.join(changed)}"
    )


def test_every_picture_is_a_png_of_one_size_and_all_together_are_small() -> None:
    known = picture_manifest.manifest()

    pictures = {page: picture_manifest.FOLDER / entry["picture"] for page, entry in known.items()}
    assert {page: size(picture) for page, picture in pictures.items()} == dict.fromkeys(
        known, (picture_manifest.WIDTH, picture_manifest.HEIGHT)
    )
    assert sum(picture.stat().st_size for picture in pictures.values()) <= MOST
    assert set(picture_manifest.FOLDER.glob("*.png")) == set(pictures.values())
    assert all((ROOT / entry["source"]).is_file() for entry in known.values())


def test_a_small_mark_keeps_its_colour_among_many_greys(tmp_path: Path) -> None:
    greys = np.random.default_rng(0).integers(0, 256, (200, 300, 1)).repeat(3, axis=2).astype(np.uint8)
    marks = [(0xC9, 0x81, 0x00), (0x2F, 0x87, 0xD0), (0xA3, 0x0D, 0x48), (0x43, 0x38, 0xCA)]
    for place, mark in enumerate(marks):
        greys[place, :3] = mark
    given = io.BytesIO()
    Image.fromarray(greys).save(given, "PNG")

    screenshots._save(given.getvalue(), tmp_path / "a.png")

    with Image.open(tmp_path / "a.png") as picture:
        assert picture.mode == "P"
        shown = np.asarray(picture.convert("RGB")).astype(int)
    assert np.abs(shown - greys.astype(int)).max() <= 8


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A program of two pages: one draws with `shown`, which draws with `part`; nobody draws with `other`."""
    for path, text in {
        "app/navigation.py": '_page("one", "One")\n_page("two", "Two")\n',
        "pages/one.py": "from app.components.shown import shown\nfrom app import charts\n",
        "pages/two.py": "import streamlit\n",
        "app/components/shown.py": "def shown():\n    from app.components.parts import part\n",
        "app/components/parts/__init__.py": "",
        "app/components/parts/part.py": "import app.components.loop\n",
        "app/components/loop.py": "from app.components import shown\n",
        "app/components/other.py": "",
        "app/charts.py": "",
        ".streamlit/config.toml": "[theme]\n",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("path", "text", "changes"),
    [
        ("pages/one.py", "st.button('Go')\n", True),
        ("app/components/shown.py", "x = 'Nothing yet'\n", True),
        ("app/components/parts/part.py", "HEIGHT = 430\n", True),
        ("app/components/loop.py", "def drawn(place):\n    place.columns()\n", True),
        (".streamlit/config.toml", "font = 'serif'\n", True),
        (".streamlit/config.toml", "[server]\nheadless = true\n", False),
        ("app/components/shown.py", "\n    # why\n", False),
        ("app/components/shown.py", "\n\ndef other(x: Literal['a']):\n    'Why.'\n", False),
        ("app/components/shown.py", "import streamlit\nfrom app import words\n", False),
        ("app/components/loop.py", "x = words.of(shown)\n", False),
        ("pages/two.py", "x = 'Text'\n", False),
        ("app/components/other.py", "x = 'Text'\n", False),
        ("app/charts.py", "x = 'Text'\n", False),
    ],
)
def test_a_picture_is_of_what_its_page_shows_and_all_components_it_draws_with(
    house: Path, path: str, text: str, changes: bool
) -> None:
    before = picture_manifest.digest("one", house)
    (house / path).write_text((house / path).read_text() + text)

    assert (picture_manifest.digest("one", house) != before) == changes


def test_a_function_of_another_name_in_another_file_shows_the_same(house: Path) -> None:
    drawn, part = house / "app/components/shown.py", house / "app/components/parts/part.py"
    before, text = drawn.read_text(), "\n\ndef {}(users):\n    st.dataframe({}, height=430)\n"
    drawn.write_text(before + text.format("table", "users"))
    first = picture_manifest.digest("one", house)

    drawn.write_text(before)
    part.write_text(part.read_text() + text.format("users_table", "cases.of(users)"))

    assert picture_manifest.digest("one", house) == first


def test_an_element_of_another_kind_or_with_a_further_setting_is_noticed(house: Path) -> None:
    drawn = house / "app/components/shown.py"
    calls = ("st.button(x)", "st.link_button(x)", "st.button(x, icon=y)", "place.button(x, type=y)")

    digests = set()
    for call in calls:
        drawn.write_text(f"from app.components.parts import part\n{call}\n")
        digests.add(picture_manifest.digest("one", house))

    assert len(digests) == len(calls)


def test_a_page_without_a_picture_is_outdated_and_so_is_one_that_has_changed(house: Path) -> None:
    folder = house / "screens"
    assert picture_manifest.outdated(folder, house) == ("one", "two")
    picture_manifest.record({"one": "one.png", "two": "two.png"}, folder, house)
    assert picture_manifest.outdated(folder, house) == ()

    (house / "app/components/shown.py").write_text("x = 'Text'\n")
    assert picture_manifest.outdated(folder, house) == ("one",)
    picture_manifest.record({"one": "one.png"}, folder, house)
    assert picture_manifest.outdated(folder, house) == ()

    (house / "app/navigation.py").write_text('_page("two", "Two")\n')
    picture_manifest.record({"two": "two.png"}, folder, house)
    assert list(picture_manifest.manifest(folder)) == ["two"]


@pytest.mark.parametrize("missing", ["a page", "chromium", "playwright"])
def test_what_is_missing_is_said_before_any_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    arguments = {"a page": ["nowhere"], "chromium": ["--chromium", str(tmp_path / "none")], "playwright": []}[missing]
    if missing == "playwright":
        monkeypatch.setitem(sys.modules, "playwright.sync_api", None)

    done = CliRunner().invoke(app, ["screenshots", "--output", str(tmp_path / "out"), *arguments])

    code, said = {
        "a page": (2, "there is no such page; there are overview, "),
        "chromium": (2, f"there is no Chromium at {tmp_path / 'none'}"),
        "playwright": (4, "drawn with Playwright, which is not installed"),
    }[missing]
    assert done.exit_code == code
    assert said in done.stderr
    assert not (tmp_path / "out").exists()
