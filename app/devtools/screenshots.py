"""A picture of every page, from the bundled demo worked through in a temporary copy of its home.

Users, verdicts and models are the same each time; times are counted back from now, so that ages read as they would.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from PIL import Image

from app.devtools import demo_home, picture_manifest, test_server
from app.devtools.demo_home import Story
from core.errors import BadOptionError, RefusedError
from core.files import replacing
from core.home import Home
from core.targets import Target

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

_REVIEWER: Final = "Grace"
#: Between two looks at a page, in ms, and how many times it is looked at until it stands still.
_PAUSE: Final = 700
_LOOKS: Final = 40
_IDLE: Final = "[data-testid=stApp][data-test-script-state=notRunning]"
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class _View:
    """Where a page is shown with something on it, and what is done there first."""

    query: dict[str, str]
    begin: Callable[[Page], None] | None = None


def draw(
    names: Sequence[str],
    folder: Path,
    *,
    now: datetime,
    chromium: Path | None,
    tell: Tell,
    overwrite: bool = False,
) -> None:
    """Draw these pages into a folder and note them in its manifest.

    Raises BadOptionError for a page that is not there, without a Chromium, or where files of somebody else's are in the
    way and `overwrite` is not asked for; RefusedError without Playwright.
    """
    for name in names:
        if name not in picture_manifest.pages():
            raise BadOptionError(name, f"there is no such page; there are {', '.join(picture_manifest.pages())}.")
    _claim(names, folder, overwrite=overwrite)
    with _browser(chromium) as browser, tempfile.TemporaryDirectory() as place:
        home = test_server.bundled_home(Path(place))
        tell("Working the demo through")
        views = _views(home, demo_home.worked_through(home, now=now))
        with test_server.dashboard(home) as address:
            for name in names:
                picture = _picture(browser, address, name, views.get(name, _View({})))
                _claim([name], folder, overwrite=overwrite)
                _save(picture, folder / f"{name}.png")
                tell(f"{name}: {folder / f'{name}.png'}")
    picture_manifest.record({name: f"{name}.png" for name in names}, folder)


def _claim(names: Sequence[str], folder: Path, *, overwrite: bool) -> None:
    """Raises BadOptionError unless the pictures and the manifest may be written; a new folder has nothing to lose."""
    for file in (*(f"{name}.png" for name in names), picture_manifest.MANIFEST) if folder.is_dir() else ():
        Target(folder / file, picture_manifest.is_ours, Home.open().kept, (), overwrite).claim()


def _views(home: Home, story: Story) -> dict[str, _View]:
    """A page that is not among them is shown as it opens."""
    highest = int(home.runs.scores(story.run.id)["probability"].nlargest(1).index[0])
    user = story.users[highest]
    return {
        "user": _View({"id": user}),
        "score_user": _View({"run": story.run.id, "row": str(highest)}),
        "score_file": _View({"run": story.run.id}),
        "review": _View({}, _come_in),
        "compare": _View({"a": story.champion, "b": story.version, "on": story.dataset.id[:12]}),
        "registry": _View({"version": story.champion}),
    }


def _come_in(page: Page) -> None:
    page.get_by_label("Your name").fill(_REVIEWER)
    page.get_by_label("Your name").press("Enter")
    page.get_by_role("button", name="Spammer").first.wait_for()


@contextmanager
def _browser(chromium: Path | None) -> Iterator[Browser]:
    try:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415 - of the extra `dev` only
    except ImportError:
        raise RefusedError(
            "Pictures are drawn with Playwright, which is not installed: it is in the extra dev."
        ) from None
    path = chromium or test_server.chromium()
    if path is None or not path.is_file():
        where = f"at {path}" if path else "on this machine"
        raise BadOptionError("--chromium", f"there is no Chromium {where}: install it, or give its path.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(test_server.QUIET))
        try:
            yield browser
        finally:
            browser.close()


def _picture(browser: Browser, address: str, name: str, view: _View) -> bytes:
    """PNG of a page once it stands still."""
    with browser.new_context(
        base_url=address, viewport={"width": picture_manifest.WIDTH, "height": picture_manifest.HEIGHT},
        color_scheme="light", locale="en-GB", timezone_id="UTC",
    ) as context:  # fmt: skip
        page = context.new_page()
        path = "/" if name == picture_manifest.pages()[0] else f"/{name.replace('_', '-')}"
        page.goto(f"{path}?{urlencode(view.query)}")
        picture = _at_rest(page)
        if view.begin is None:
            return picture
        view.begin(page)
        return _at_rest(page)


def _at_rest(page: Page) -> bytes:
    before = b""
    for _ in range(_LOOKS):
        page.wait_for_timeout(_PAUSE)
        page.locator(_IDLE).wait_for(timeout=60_000)
        now = page.screenshot(animations="disabled")
        if now == before and not page.get_by_test_id("stSkeleton").count():
            return now
        before = now
    return before


def _save(picture: bytes, target: Path) -> None:
    """As a palette of 256 colours: a third of the bytes, and no difference that is seen.

    Chosen to cover all colours: the commonest ones alone are greys, and small marks would lose what they mean.
    """
    with Image.open(io.BytesIO(picture)) as image, replacing(target) as temporary:
        small = image.convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        small.save(temporary, format="PNG", optimize=True)
