"""How a storage account is reached: the clients and their patience.

Belongs here: opening containers, and folders for whole objects. Does not belong here: secrets (`credentials.py`),
what is done with the blobs.

A request that the account answers with 429 or 5xx is repeated for up to a minute (obstore: 12 s); one that finds no
account at all for less than 20 s. The Azure libraries are imported where they are used: 0.4 s that a folder does not
need.
"""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from obstore.exceptions import BaseError
from obstore.store import AzureStore, LocalStore

from dedup_assets.errors import StoreAccessError
from dedup_assets.resources.azure.credentials import Credential, find_credential, find_identity
from dedup_assets.resources.azure.failures import explain_azure_error
from dedup_assets.resources.locations import ContainerLocation, FolderLocation, Location
from dedup_assets.resources.redaction import hide_signatures

if TYPE_CHECKING:
    from azure.storage.blob import ContainerClient
    from obstore.store import AzureConfig, ObjectStore, RetryConfig

REQUEST_DEADLINE = timedelta(seconds=120)
"""For one attempt, body included: 250 MB at 20 Mbit/s take 100 s. A body that drips cannot hold up a run for longer."""

RETRIES: "RetryConfig" = {
    "max_retries": 20,
    "retry_timeout": timedelta(seconds=12),
    "backoff": {"init_backoff": timedelta(seconds=0.4), "max_backoff": timedelta(seconds=4), "base": 2},
}
"""After its timeout obstore begins no other attempt: a blob costs this and REQUEST_DEADLINE at most."""

_CONNECT_TIMEOUT_S = 3.0
_STALL_TIMEOUT_S = 20.0


def container_client(location: ContainerLocation) -> "ContainerClient":
    """Open a client that keeps its connections, repeats what may be repeated, and gives up in time.

    Raises:
        StoreAccessError: credentials are missing or malformed.
    """
    from azure.core.credentials import AzureNamedKeyCredential, AzureSasCredential
    from azure.storage.blob import ContainerClient, ExponentialRetry

    hide_signatures()
    found = find_credential(location)
    credential: Any
    if found.account_key:
        credential = AzureNamedKeyCredential(location.account, found.account_key)
    else:
        credential = (
            AzureSasCredential(found.sas) if found.sas else None if found.is_anonymous else find_identity(location)
        )
    return ContainerClient(
        location.account_url,
        location.container,
        credential=credential,
        # waits of about 2, 4, 8, 16, 32 s where the account answers, of 2 and 4 s where nothing does
        retry_policy=ExponentialRetry(
            initial_backoff=0, increment_base=2, random_jitter_range=1, retry_total=5, retry_status=5, retry_connect=2
        ),
        connection_timeout=_CONNECT_TIMEOUT_S,
        read_timeout=_STALL_TIMEOUT_S,
    )


def open_object_store(location: Location) -> "ObjectStore":
    """Open a folder (made where it is missing) or container for whole objects.

    Raises:
        StoreAccessError: the folder cannot be made, or credentials are missing or malformed.
    """
    if isinstance(location, FolderLocation):
        return _open_folder(location.path)
    found = find_credential(location)
    try:
        return AzureStore(
            location.container,
            prefix=location.prefix or None,
            config=_object_store_config(location, found),
            client_options={
                "allow_http": location.account_url.startswith("http://"),
                "connect_timeout": timedelta(seconds=_CONNECT_TIMEOUT_S),
                "read_timeout": timedelta(seconds=_STALL_TIMEOUT_S),
                "timeout": REQUEST_DEADLINE,
            },
            retry_config=RETRIES,
            credential_provider=_identity_provider(location) if found == Credential() else None,
        )
    except (BaseError, ValueError) as error:
        raise explain_azure_error(error, location) from None


def _object_store_config(location: ContainerLocation, found: Credential) -> "AzureConfig":
    """Everything is said here, or obstore would look for it in the environment, in an order of its own."""
    config: AzureConfig = {"account_name": location.account, "endpoint": location.account_url, "use_emulator": False}
    if found.account_key:
        config |= {"account_key": found.account_key, "credential_type": "access_key"}
    elif found.sas:
        config |= {"sas_key": found.sas, "credential_type": "sas_token"}
    elif found.is_anonymous:
        config |= {"skip_signature": True}
    return config


def _open_folder(path: Path) -> LocalStore:
    try:
        path.mkdir(parents=True, exist_ok=True)
        return LocalStore(path, mkdir=True, automatic_cleanup=True)
    except OSError as error:
        raise StoreAccessError(f"The folder {path} cannot be made: {error.strerror}.") from None


def _identity_provider(location: ContainerLocation) -> Any:
    from obstore.auth.azure import AzureCredentialProvider

    return AzureCredentialProvider(find_identity(location))
