"""Posts and comments of a subreddit, newest first, as Reddit lists them. PRAW asks for them, at the pace Reddit sets.

Nothing is asked for but the two lists: what PRAW has of a post is what its list says.
"""

from __future__ import annotations

import contextlib
import importlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal

from core.access.endpoints import RedditApp
from core.errors import BadOptionError, RemoteError
from core.settings import REDDIT_VARIABLES

Kind = Literal["posts", "comments"]
KINDS: Final[tuple[Kind, ...]] = ("posts", "comments")
#: As many as Reddit lists.
MOST: Final = 1000
_SITE, _ASKED = "https://www.reddit.com", "https://oauth.reddit.com"
#: What stands where somebody, or a moderator, has taken the words away.
_GONE: Final = frozenset({"[deleted]", "[removed]", "[deleted by user]", "[ Removed by Reddit ]"})
#: Times that a pause is made because Reddit asks for one, and the seconds of the longest.
_PAUSES, _LONGEST = 3, 120.0


@dataclass(frozen=True, slots=True)
class Post:
    """A post or a comment. `author` and `text` are None where they were taken away; `thread`: the post it is in."""

    id: str
    author: str | None
    thread: str
    at: datetime
    text: str | None


@dataclass(frozen=True, slots=True)
class Reddit:
    """Asks Reddit as an app. `wait`: makes the pauses that it asks for."""

    app: RedditApp
    wait: Callable[[float], None] = time.sleep
    _reddit: Any = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Raises BadOptionError without PRAW."""
        try:
            praw = importlib.import_module("praw")
        except ModuleNotFoundError:
            raise BadOptionError("reddit", "Reddit takes a package more: pip install 'praw>=7.8'.") from None
        # All of it is said here: PRAW would take what is absent from a file in the folder it is run in.
        made = praw.Reddit(
            client_id=self.app.client, client_secret=self.app.secret, user_agent=self.app.agent,
            reddit_url=self.app.address or _SITE, oauth_url=self.app.address or _ASKED,
            username=None, password=None, refresh_token=None, check_for_updates=False, check_for_async=False,
        )  # fmt: skip
        object.__setattr__(self, "_reddit", made)

    def listed(self, subreddit: str, kind: Kind) -> Iterator[Post]:
        """The newest posts or comments, the newest first. Raises RemoteError."""
        place = self._reddit.subreddit(subreddit)
        found = place.new(limit=MOST) if kind == "posts" else place.comments(limit=MOST)
        while (item := self._next(found, subreddit)) is not None:
            yield _read(vars(item), kind)

    def _next(self, found: Any, subreddit: str) -> Any:
        """The next of a list, None at its end; the same page is asked for again after a pause."""
        too_many = importlib.import_module("prawcore.exceptions").TooManyRequests
        for _ in range(_PAUSES):
            with _told(subreddit):
                try:
                    return next(found, None)
                except too_many as error:
                    self.wait(min(float(error.retry_after or _LONGEST / 2), _LONGEST))
        raise RemoteError("Reddit asks for a pause again and again. Nothing was stored; try again later.")


@contextlib.contextmanager
def _told(subreddit: str) -> Iterator[None]:
    """Make of every failure of Reddit, or on the way to it, a RemoteError."""
    errors = importlib.import_module("prawcore.exceptions")
    try:
        yield
    except errors.TooManyRequests:
        raise
    except errors.Forbidden as error:
        raise RemoteError(f"Reddit lets this app not see r/{subreddit}: it is private, or closed to it.") from error
    except (errors.NotFound, errors.Redirect) as error:
        raise RemoteError(f"Reddit has no r/{subreddit}: check the name.") from error
    except errors.ServerError as error:
        raise RemoteError("Reddit has a fault of its own. Nothing was stored; try again later.") from error
    except errors.RequestException as error:
        raise RemoteError("Reddit cannot be reached. Check the network; nothing was stored.") from error
    except errors.PrawcoreException as error:
        status = getattr(getattr(error, "response", None), "status_code", None)
        if status in {400, 401} or isinstance(error, errors.OAuthException):
            raise RemoteError(
                f"Reddit does not know this app: check {REDDIT_VARIABLES[0]} and {REDDIT_VARIABLES[1]}."
            ) from error
        raise RemoteError(f"Reddit answers as it should not ({type(error).__name__}). Nothing was stored.") from error


def _read(raw: dict[str, Any], kind: Kind) -> Post:
    author = raw.get("author")
    if kind == "posts":
        parts = (_words(raw.get("title")), _words(raw.get("selftext")))
        text = "\n\n".join(filter(None, parts)) or None
    else:
        text = _words(raw.get("body"))
    name = str(raw["name"])
    thread = name if kind == "posts" else str(raw["link_id"])
    at = datetime.fromtimestamp(float(raw["created_utc"]), UTC)
    return Post(name, None if author is None else str(author.name), thread, at, text)


def _words(text: str | None) -> str | None:
    return None if text is None or text.strip() in _GONE else text.strip() or None
