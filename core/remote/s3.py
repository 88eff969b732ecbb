"""Objects in buckets of S3: fetched whole or not at all, and sent where none is that somebody else has made.

boto3 reads keys, region and endpoint from the usual environment by itself; no sentence has any of them.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

from core.errors import BadOptionError, CutError, RefusedError, RemoteError
from core.files import digest_of, told_when_full
from core.remote.addresses import Object
from core.remote.retrying import TRIES
from core.settings import AWS_ENDPOINT_VARIABLE, AWS_VARIABLES

#: What an object that was sent from here says of itself: its kind, and the SHA-256 of all of it.
_MADE, _DIGEST = "trustdesk", "trustdesk-sha256"
#: Bytes read and written at a time, and of each part of what is sent in parts; what has fewer is sent at once.
_CHUNK, _PART = 1 << 20, 1 << 26
#: Most parts of an object.
_MOST_PARTS: Final = 10_000
_PATIENCE: Final = 30
_ABSENT: Final = frozenset({"404", "NoSuchKey", "NotFound"})
_CHANGED: Final = frozenset({"412", "PreconditionFailed", "ConditionalRequestConflict"})
_SAID: Final[Mapping[str, str]] = {
    "NoSuchBucket": "there is no such bucket: check its name and the endpoint",
    "403": "these keys may not do that there", "AccessDenied": "these keys may not do that there",
    "InvalidAccessKeyId": f"it does not know the key in {AWS_VARIABLES[0]}",
    "SignatureDoesNotMatch": f"the secret in {AWS_VARIABLES[1]} does not fit its key",
    "ExpiredToken": f"the token in {AWS_VARIABLES[2]} is no longer valid",
    "SlowDown": "it asks for a pause: try again later",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of an object: `sha256` where it was sent from here, and then its `kind`."""

    size: int
    etag: str
    kind: str = ""
    sha256: str = ""
    #: Whether its ETag is the MD5 of all of it.
    plain: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Buckets:
    """Asks the server of buckets that the environment names. Every method raises RemoteError."""

    part: int = _PART
    _client: Any = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Raises BadOptionError without boto3."""
        try:
            from botocore.config import Config  # noqa: PLC0415 - a package that few need
        except ModuleNotFoundError:
            raise BadOptionError("address", "S3 takes a package more: pip install 'boto3>=1.40'.") from None
        calm: dict[str, Any] = {"connect_timeout": _PATIENCE, "read_timeout": _PATIENCE}
        calm["retries"] = {"mode": "standard", "total_max_attempts": TRIES}
        # Servers other than Amazon's know no checksums in trailers: what is sent has its MD5, and its SHA-256 beside.
        calm |= dict.fromkeys(("request_checksum_calculation", "response_checksum_validation"), "when_required")
        with _told("the server of buckets"):
            session = _session()
            client = session.client("s3", config=Config(**calm))
            if "amazonaws." not in client.meta.endpoint_url:  # whose buckets have no names of hosts
                client = session.client("s3", config=Config(**calm, s3={"addressing_style": "path"}))
        object.__setattr__(self, "_client", client)

    def look(self, address: Object) -> Seen | None:
        """What is there; None where nothing is."""
        with _told(address.name):
            try:
                found = self._client.head_object(Bucket=address.bucket, Key=address.key)
            except self._client.exceptions.ClientError as error:
                if _code(error) not in _ABSENT:
                    raise
                self._client.head_bucket(
                    Bucket=address.bucket
                )  # its answer without a body does not say which is absent
                return None
        own = found.get("Metadata", {})
        plain = "-" not in found["ETag"] and found.get("ServerSideEncryption", "AES256") == "AES256"
        plain = plain and not found.get("SSECustomerAlgorithm")
        return Seen(found["ContentLength"], found["ETag"], own.get(_MADE, ""), own.get(_DIGEST, ""), plain)

    def listed(self, folder: Object) -> dict[str, int]:
        """The objects in a folder and below it, by their names there: bytes of each."""
        start = f"{folder.key.rstrip('/')}/"
        with _told(folder.name):
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=folder.bucket, Prefix=start)
            return {
                each["Key"].removeprefix(start): each["Size"] for page in pages for each in page.get("Contents", ())
            }

    def fetch(
        self, address: Object, target: Path, *, most: int | None = None, got: Callable[[int], None] = lambda _: None
    ) -> str:
        """Write an object to a new file and give its SHA-256; a download that is cut goes on where it was.

        most: bytes that are taken at most; `got` is told of bytes as they come.
        Raises RefusedError for more, and where what came is not what was sent.
        """
        seen = self.look(address)
        if seen is None:
            raise RemoteError(f"{address.name}: there is no such object in the bucket. Check the key.")
        if most is not None and seen.size > most:
            raise RefusedError(f"{address.name} has {seen.size:,} bytes, and no more than {most:,} are taken.")
        with told_when_full(target), target.open("xb") as file:
            self._filled(address, seen, file, got)
        sha256, md5 = digest_of(target), _md5(target) if seen.plain else ""
        if (seen.sha256 and seen.sha256 != sha256) or (md5 and md5 != seen.etag.strip('"')):
            target.unlink()
            raise RefusedError(f"{address.name} came otherwise than it was sent: nothing of it was used. Try again.")
        return sha256

    def _filled(self, address: Object, seen: Seen, file: IO[bytes], got: Callable[[int], None]) -> None:
        from botocore import exceptions  # noqa: PLC0415

        cut = (exceptions.ReadTimeoutError, exceptions.ResponseStreamingError, exceptions.ConnectionClosedError,
               exceptions.IncompleteReadError)  # fmt: skip
        idle = 0
        while (have := file.tell()) < seen.size:
            with _told(address.name):
                try:
                    body = self._client.get_object(
                        Bucket=address.bucket, Key=address.key, Range=f"bytes={have}-", IfMatch=seen.etag
                    )["Body"]
                    with contextlib.closing(body):
                        for chunk in body.iter_chunks(_CHUNK):
                            file.write(chunk)
                            got(len(chunk))
                except cut:
                    pass
            idle = 0 if file.tell() > have else idle + 1
            if idle == TRIES:
                raise CutError(f"The connection to {address.name} was cut again and again. Try again later.")

    def send(self, path: Path, address: Object, *, kind: str) -> str:
        """Send a file where nothing is, or in the place of what was sent from here as the same kind.

        What happened, as a sentence. Raises RefusedError where somebody else's object is there, now or meanwhile.
        """
        sha256, before = digest_of(path), self.check(address, kind)
        if before is not None and before.sha256 == sha256 and before.size == path.stat().st_size:
            return f"{address.name} is there already, the same."
        condition = {"IfNoneMatch": "*"} if before is None else {"IfMatch": before.etag}
        about = {"Bucket": address.bucket, "Key": address.key}
        own = {_MADE: kind, _DIGEST: sha256}
        with _told(address.name):
            try:
                self._put(path, about, own, condition)
            except self._client.exceptions.ClientError as error:
                if _code(error) not in {"501", "NotImplemented"}:
                    raise
                self.check(address, kind)
                self._put(path, about, own, {})
                return (
                    f"{address.name} was sent. Its server knows no conditional writes: that nobody else wrote it "
                    "was looked at before, and not at the same moment."
                )
        return f"{address.name} was sent."

    def check(self, address: Object, kind: str) -> Seen | None:
        """What is there. Raises RefusedError where it was not sent from here as this kind."""
        seen = self.look(address)
        if seen is not None and seen.kind != kind:
            raise RefusedError(
                f"{address.name} is there already and was not sent by this command: it is left as it is. "
                "Give another key."
            )
        return seen

    def _put(self, path: Path, about: dict[str, str], own: dict[str, str], condition: dict[str, str]) -> None:
        size = path.stat().st_size
        with path.open("rb") as file:
            if size <= self.part:
                content = file.read()
                self._client.put_object(
                    **about, Body=content, ContentMD5=_base64_md5(content), Metadata=own, **condition
                )
                return
            part = max(self.part, -(-size // _MOST_PARTS))
            upload = self._client.create_multipart_upload(**about, Metadata=own)["UploadId"]
            with contextlib.ExitStack() as undo:
                undo.callback(self._abort, about, upload)
                sent = []
                for number, content in enumerate(iter(lambda: file.read(part), b""), 1):
                    done = self._client.upload_part(
                        **about, UploadId=upload, PartNumber=number, Body=content, ContentMD5=_base64_md5(content)
                    )
                    sent.append({"ETag": done["ETag"], "PartNumber": number})
                whole = {"Parts": sent}
                self._client.complete_multipart_upload(**about, UploadId=upload, MultipartUpload=whole, **condition)
                undo.pop_all()

    def _abort(self, about: dict[str, str], upload: str) -> None:
        """Have the server drop the parts of what was not sent whole."""
        with contextlib.suppress(self._client.exceptions.ClientError):
            self._client.abort_multipart_upload(**about, UploadId=upload)


@functools.cache
def _descriptions() -> Any:
    """What botocore knows of services, which takes long to read."""
    from botocore.loaders import Loader  # noqa: PLC0415

    return Loader()


def _session() -> Any:
    """A session of boto3 that has looked at the environment just now."""
    from boto3.session import Session  # noqa: PLC0415
    from botocore.session import Session as Core  # noqa: PLC0415

    core = Core()
    core.register_component("data_loader", _descriptions())
    return Session(botocore_session=core)


@contextlib.contextmanager
def _told(where: str) -> Iterator[None]:
    """Make of every failure of the server, or on the way to it, a RemoteError; it says nothing of what was asked."""
    from botocore import exceptions  # noqa: PLC0415

    try:
        yield
    except exceptions.ClientError as error:
        code = _code(error)
        if code in _CHANGED:
            raise RefusedError(
                f"{where} was written by somebody else meanwhile and is left as it is. Try again."
            ) from None
        said = _SAID.get(
            code, "there is no such bucket or object" if code in _ABSENT else f"the server says {code[:60]}"
        )
        raise RemoteError(f"{where}: {said}.") from None
    except (exceptions.NoCredentialsError, exceptions.PartialCredentialsError):
        advice = f"set {AWS_VARIABLES[0]} and {AWS_VARIABLES[1]}, or another of the ways that AWS knows"
        raise RemoteError(f"{where}: there are no keys to come with: {advice}.") from None
    except (exceptions.EndpointConnectionError, exceptions.ConnectTimeoutError):
        advice = f"Check the network and {AWS_ENDPOINT_VARIABLE}."
        raise CutError(f"{where}: the server of buckets cannot be reached. {advice}") from None
    except exceptions.HTTPClientError:
        raise CutError(f"{where}: the connection was cut. Try again.") from None
    except exceptions.BotoCoreError as error:
        raise RemoteError(f"{where}: it cannot be asked ({type(error).__name__}). Check the settings of AWS.") from None
    except ValueError:  # an endpoint that is no address
        raise RemoteError(f"{where}: it cannot be asked. Check {AWS_ENDPOINT_VARIABLE}.") from None


def _code(error: Any) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _base64_md5(content: bytes) -> str:
    return base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
