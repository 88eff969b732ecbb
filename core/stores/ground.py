"""What the other stores of a home stand on: its files, its database, who works there, and the rows of files.

Modules are imported by the properties, so that nobody waits for those that are not used.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING

from core import job_functions
from core.access.endpoints import Alerts, Receiver
from core.settings import Settings
from core.targets import Kept

if TYPE_CHECKING:
    from core.access.accounts import Accounts
    from core.access.api_service import ApiService
    from core.access.audit import AuditLog
    from core.access.home_options import HomeOptions
    from core.access.idempotency import Replies
    from core.access.keys import Keys
    from core.access.message_options import MessageOptions
    from core.access.saved_views import SavedViews
    from core.data.datasets import Datasets
    from core.data.split import Split
    from core.data.streaming.storing import Storing
    from core.data.streaming.unfinished import Unfinished
    from core.data.understanding.file_limits import FileLimits
    from core.data.understanding.mappings import Mappings
    from core.jobs import Jobs
    from core.monitoring.stream_status import StreamStatuses
    from core.remote.fetching import Fetching
    from core.store.backup import Backups
    from core.store.database import Database
    from core.store.numbered import Numbering
    from core.workers import Workers


class Ground:
    """The stores of the home that `settings` describes; threads may share it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def __reduce__(self) -> tuple[type[Ground], tuple[Settings]]:
        """Another process opens the home anew."""
        return type(self), (self.settings,)

    @property
    def kept(self) -> Kept:
        """What no command may write over."""
        return Kept(self.settings.home, self.settings.kept(), self.settings.audit)

    def addresses(self) -> Alerts:
        """Where alerts go, read anew. Raises BadOptionError."""
        return Alerts.of(self.settings.secrets_file)

    def receiver(self) -> Receiver:
        """Where decisions are sent, read anew. Raises BadOptionError."""
        return Receiver.of(self.settings.secrets_file)

    def job_function(self, name: str) -> Callable[..., object]:
        """The method that does a job of this name. Raises RefusedError where there is none."""
        method: Callable[..., object] = attrgetter(job_functions.method(name))(self)
        return method

    @cached_property
    def database(self) -> Database:
        from core.store.database import Database

        return Database(self.settings.database)

    @cached_property
    def backups(self) -> Backups:
        from core.store.backup import Backups

        settings = self.settings
        # Secrets are for nobody else, and logs, claims and what is unfinished of no use in another home.
        out = {settings.secrets_file, settings.log.parent, settings.claims, settings.unfinished, settings.database}
        places = tuple(place for place in settings.kept() if place not in out)
        chained = (settings.feedback_file, settings.audit)
        return Backups(settings.home, places, settings.database, chained, settings.runs)

    @cached_property
    def numbering(self) -> Numbering:
        from core.store.numbered import Numbering

        return Numbering(
            self.jobs, self.settings.audit, self.settings.feedback, self.settings.runs, self.settings.shadow
        )

    @cached_property
    def accounts(self) -> Accounts:
        from core.access.accounts import Accounts

        return Accounts(self.database)

    @cached_property
    def audit(self) -> AuditLog:
        from core.access.audit import AuditLog

        return AuditLog(self.settings.audit)

    @cached_property
    def options(self) -> HomeOptions:
        from core.access.home_options import HomeOptions

        return HomeOptions(self.audit, self.settings.data, self.settings.options_file)

    @cached_property
    def replies(self) -> Replies:
        from core.access.idempotency import Replies

        return Replies(self.database, self.settings.claims)

    @cached_property
    def api_service(self) -> ApiService:
        from core.access.api_service import ApiService

        return ApiService(self.accounts, self.audit, self.settings.served("api"))

    @cached_property
    def keys(self) -> Keys:
        from core.access.keys import Keys

        return Keys(self.accounts, self.database)

    @cached_property
    def saved_views(self) -> SavedViews:
        from core.access.saved_views import SavedViews

        return SavedViews(self.database)

    @cached_property
    def workers(self) -> Workers:
        from core.workers import Workers

        return Workers(self.settings.home)

    @cached_property
    def jobs(self) -> Jobs:
        from core.jobs import Jobs

        return Jobs(self.workers, self.settings.jobs, self.job_function)

    @cached_property
    def stream_statuses(self) -> StreamStatuses:
        from core.monitoring.stream_status import StreamStatuses

        return StreamStatuses(self.settings.streams)

    @cached_property
    def datasets(self) -> Datasets:
        from core.data.datasets import Datasets

        return Datasets(self.settings.datasets)

    @cached_property
    def unfinished(self) -> Unfinished:
        from core.data.streaming.unfinished import Unfinished

        return Unfinished(self.settings.unfinished)

    @cached_property
    def fetching(self) -> Fetching:
        from core.remote.fetching import Fetching

        return Fetching(self.settings.unfinished)

    @cached_property
    def mappings(self) -> Mappings:
        from core.data.understanding.mappings import Mappings

        return Mappings(self.settings.mappings_file)

    @cached_property
    def file_limits(self) -> FileLimits:
        from core.data.understanding.file_limits import FileLimits

        return FileLimits(self.options)

    @cached_property
    def messages(self) -> MessageOptions:
        from core.access.message_options import MessageOptions

        return MessageOptions(self.options)

    @cached_property
    def storing(self) -> Storing:
        from core.data.streaming.storing import Storing

        return Storing(self.datasets, self.unfinished, limits=self.file_limits.load)

    @cached_property
    def split(self) -> Split:
        from core.data.split import Split

        return Split(
            self.settings.data, self.settings.salt_file, self.settings.parts_file, self.settings.share_file
        )  # fmt: skip
