"""The right to use a storage account, as the environment grants it.

Belongs here: everything that knows where a secret is. Does not belong here: clients (`access.py`).

The first of these that is set: AZURE_STORAGE_CONNECTION_STRING, AZURE_STORAGE_KEY (or AZURE_STORAGE_ACCOUNT_KEY),
AZURE_STORAGE_SAS_TOKEN; else a managed identity or `az login`; else none, which a public container does not ask for.
"""

import base64
import binascii
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from dedup_assets.errors import StoreAccessError
from dedup_assets.resources.azure.failures import explain_azure_error
from dedup_assets.resources.locations import ContainerLocation, connection_settings

if TYPE_CHECKING:
    from azure.identity import DefaultAzureCredential

_STORAGE_SCOPE = "https://storage.azure.com/.default"


@dataclass(frozen=True, slots=True)
class Credential:
    """The right to use an account; without key and SAS that of an identity (`find_identity`), or that of everybody."""

    is_anonymous: bool = False
    account_key: str | None = field(default=None, repr=False)
    sas: str | None = field(default=None, repr=False)


def find_credential(location: ContainerLocation) -> Credential:
    """Take the credential for an account from the environment.

    Raises:
        StoreAccessError: what is set there is malformed or for another account.
    """
    settings = connection_settings()
    candidates = [
        ("AZURE_STORAGE_CONNECTION_STRING", settings.get("accountkey"), settings.get("sharedaccesssignature")),
        ("AZURE_STORAGE_KEY", os.environ.get("AZURE_STORAGE_KEY"), None),
        ("AZURE_STORAGE_ACCOUNT_KEY", os.environ.get("AZURE_STORAGE_ACCOUNT_KEY"), None),
        ("AZURE_STORAGE_SAS_TOKEN", None, os.environ.get("AZURE_STORAGE_SAS_TOKEN")),
    ]
    for origin, key, sas in candidates:
        if key:
            return Credential(account_key=_checked_key(origin, key, location, settings))
        if sas:
            return Credential(sas=_checked_sas(origin, sas))
    return _without_secret(location)


@cache
def _without_secret(location: ContainerLocation) -> Credential:
    try:
        if location.account_url.startswith("http://"):
            raise StoreAccessError(
                f"{location} needs AZURE_STORAGE_CONNECTION_STRING, _KEY or _SAS_TOKEN: none is set."
            )
        find_identity(location)
    except StoreAccessError:
        if not _is_public(location):
            raise
        return Credential(is_anonymous=True)
    return Credential()


def _is_public(location: ContainerLocation) -> bool:
    """Whether everybody may list a container."""
    from azure.core.exceptions import AzureError
    from azure.storage.blob import ContainerClient

    client = ContainerClient(location.account_url, location.container, retry_total=0, connection_timeout=3.0)
    try:
        next(client.list_blobs(results_per_page=1).by_page(), None)
    except AzureError:
        return False
    return True


@cache
def find_identity(location: ContainerLocation) -> "DefaultAzureCredential":
    """Return a managed identity or a signed-in person, found out now: later, the SDK would try again for a minute.

    Raises:
        StoreAccessError: there is none.
    """
    from azure.core.exceptions import ClientAuthenticationError
    from azure.identity import DefaultAzureCredential

    # it logs twenty lines for what is then said in one sentence
    logging.getLogger("azure.identity").setLevel(logging.ERROR)
    found = DefaultAzureCredential()
    try:
        found.get_token(_STORAGE_SCOPE)
    except ClientAuthenticationError as error:
        raise explain_azure_error(error, location) from None
    return found


def _checked_key(origin: str, key: str, location: ContainerLocation, settings: Mapping[str, str]) -> str:
    named = settings.get("accountname", location.account)
    if origin == "AZURE_STORAGE_CONNECTION_STRING" and named != location.account:
        raise StoreAccessError(f"{origin} is for the account {named!r}, but {location} is in another.")
    try:
        base64.b64decode(key, validate=True)
    except binascii.Error:
        raise StoreAccessError(f"{origin} holds no account key: a key is base64 text that ends in '='.") from None
    return key


def _checked_sas(origin: str, sas: str) -> str:
    token = sas.strip().removeprefix("?")
    if "sig=" not in token:
        raise StoreAccessError(f"{origin} holds no shared access signature: one has the form sv=...&sig=....")
    return token
