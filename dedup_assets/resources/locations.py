"""Addresses of images and of tables: a folder, or a blob container with a prefix.

Belongs here: reading what a person typed, and splitting a signature off before it can reach a log.
Does not belong here: whether the place exists or may be read (`resources/azure/access.py`, the image stores).
"""

import ipaddress
import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

from dedup_assets.errors import LocationError
from dedup_assets.resources.redaction import redact

ACCEPTED_FORMS = (
    "a folder, az://account/container/prefix, https://account.blob.core.windows.net/container/prefix "
    "or http://127.0.0.1:10000/account/container/prefix (Azurite)"
)

_SIGNATURE = re.compile(r"(^|[?&;])sig=", re.IGNORECASE)
_SECRET = re.compile(r"(^|[?&;])(sig|AccountKey|SharedAccessSignature)=", re.IGNORECASE)
_ACCOUNT = re.compile(r"[a-z0-9]{3,24}")
_CONTAINER = re.compile(r"(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*|\$root|\$web|\$logs")


@dataclass(frozen=True, slots=True)
class FolderLocation:
    """A folder, by its absolute path."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)


@dataclass(frozen=True, slots=True)
class ContainerLocation:
    """The blobs of a container below `prefix`, a directory path without a slash at its end; "" is the whole container.

    `account_url` is where the account answers: https://account.blob.core.windows.net, or Azurite's address.
    """

    account: str
    container: str
    prefix: str
    account_url: str

    def __str__(self) -> str:
        """An address that `parse_location` reads back in the same environment; it holds no secret."""
        path = f"/{self.prefix}" if self.prefix else ""
        if self.account_url == _account_url(self.account) and "?" not in path:
            return f"az://{self.account}/{self.container}{path}"
        return f"{self.account_url}/{self.container}{quote(path)}"


Location = FolderLocation | ContainerLocation


def split_secret(text: str) -> tuple[str, str | None]:
    """Split the SAS query off an address: (address, SAS without its question mark, or None where there is none)."""
    clean, _, query = text.strip().partition("?")
    if "://" in clean and _SIGNATURE.search(query):
        return clean, query
    return text.strip(), None


def parse_location(text: str) -> Location:
    """Read an address in one of the ACCEPTED_FORMS; a SAS query in it is dropped (see `split_secret`).

    Raises:
        LocationError: the text has none of these forms.
    """
    clean, _ = split_secret(text)
    scheme, separator, rest = clean.partition("://")
    if _SECRET.search(clean):
        raise LocationError(f"The address holds a secret where none is expected; expected: {ACCEPTED_FORMS}.")
    if not separator:
        return _parse_folder(clean)
    match scheme.lower():
        case "az":
            account, _, path = rest.partition("/")
            return _container_location(clean, account, path, None)
        case "http" | "https":
            return _parse_url(clean, scheme.lower(), rest)
    raise _wrong(clean, f"{scheme}:// is not an address that is read here")


def url_of(location: Location, path: str) -> str:
    """Where a file below a place lies, as a quoted URL: file:///… or https://…, without a signature."""
    if isinstance(location, FolderLocation):
        return (location.path / path).as_uri()
    inside = "/".join(filter(None, (location.container, location.prefix, path)))
    return f"{location.account_url}/{quote(inside)}"


def path_inside(inner: Location, outer: Location) -> str | None:
    """The path of one place relative to another that holds it; "" where both are the same, None where it lies elsewhere."""
    whole, start = _directory(inner), _directory(outer)
    return whole.removeprefix(start)[:-1] if whole.startswith(start) else None


def _directory(location: Location) -> str:
    """What the names of all that lies in a place begin with; a folder's begin with a slash, a container's never do."""
    if isinstance(location, FolderLocation):
        return f"{location.path.as_posix().rstrip('/')}/"
    return "/".join(filter(None, (location.account_url, location.container, location.prefix))) + "/"


def connection_settings() -> dict[str, str]:
    """The parts of AZURE_STORAGE_CONNECTION_STRING by their lower-case names; empty where it is not set."""
    parts = os.environ.get("AZURE_STORAGE_CONNECTION_STRING", "").split(";")
    pairs = (part.strip().partition("=") for part in parts if "=" in part)
    return {name.lower(): value for name, _, value in pairs if value}


def _parse_folder(text: str) -> FolderLocation:
    if not text or "\0" in text:
        raise _wrong(text, "a folder has a name")
    try:
        path = Path(text).expanduser().absolute()
    except RuntimeError:
        raise _wrong(text, "nobody of this name has a home folder (./~name is a folder of that name)") from None
    return FolderLocation(path.resolve() if ".." in path.parts else path)


def _parse_url(text: str, scheme: str, rest: str) -> ContainerLocation:
    host, _, path = rest.partition("/")
    path, host = unquote(path), host.lower()
    if "@" in host or "?" in rest:
        raise _wrong(text, "a user name or a query other than a SAS does not belong there")
    name, *labels = host.partition(":")[0].split(".")
    if labels[:1] == ["blob"] or "blob" in labels[1:3]:
        if scheme == "http" and labels[-1] != "localhost":
            raise _wrong(text, "http:// would send the credentials in the clear, use https://")
        return _container_location(text, name, path, f"{scheme}://{host}")
    if not _is_path_style(host):
        raise _wrong(text, "the host is no blob endpoint (set AZURE_STORAGE_BLOB_ENDPOINT and use az:// for your own)")
    account, _, path = path.partition("/")
    return _container_location(text, account, path, f"{scheme}://{host}/{account}")


def _is_path_style(host: str) -> bool:
    """True for hosts that carry the account in the path: addresses, host names without a domain, any with a port."""
    if ":" in host or "." not in host:
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _container_location(text: str, account: str, path: str, account_url: str | None) -> ContainerLocation:
    container, _, prefix = path.partition("/")
    if not _ACCOUNT.fullmatch(account):
        raise _wrong(text, f"{account!r} is no storage account (3 to 24 lower-case letters and digits)")
    if not _CONTAINER.fullmatch(container):
        raise _wrong(text, f"{container!r} is no container (3 to 63 lower-case letters, digits and single hyphens)")
    return ContainerLocation(account, container, prefix.rstrip("/"), account_url or _account_url(account))


def _account_url(account: str) -> str:
    settings = connection_settings()
    endpoint = os.environ.get("AZURE_STORAGE_BLOB_ENDPOINT", "").partition("?")[0]
    if not endpoint and settings.get("accountname", account) == account:
        endpoint = settings.get("blobendpoint", "")
    suffix = settings.get("endpointsuffix", "core.windows.net")
    return endpoint.rstrip("/") or f"https://{account}.blob.{suffix}"


def _wrong(text: str, why: str) -> LocationError:
    return LocationError(f"{redact(text)!r} cannot be read as an address: {why}; expected {ACCEPTED_FORMS}.")
