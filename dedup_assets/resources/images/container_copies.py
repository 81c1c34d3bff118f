"""Copies that the blob service makes by itself, and taking them back.

Belongs here: one copy inside one storage account. Does not belong here: where copies go, or what an error means to the
one who asked.
"""

import hashlib
import time
from urllib.parse import unquote, urlsplit

from azure.core import MatchConditions
from azure.core.exceptions import ResourceExistsError, ResourceModifiedError
from azure.storage.blob import BlobClient, BlobProperties

from dedup_assets.errors import BlobUnavailable, BlobVanished, DestinationTaken

COPY_WAIT_S = 600.0
"""A copy inside an account takes well under a second; the service finishes a large one in the background."""


def copy_blob(source: BlobClient, target: BlobClient, sas: str | None) -> str:
    """Copy to a name that is free, wait until it is done, and return the copy's etag.

    Args:
        source: the blob to copy.
        target: the blob to be, in the same account.
        sas: the signature that both are reached with; the service wants it for the source once more.

    Raises:
        DestinationTaken: another content is there.
        BlobUnavailable: the service gave up.
        AzureError: the service refused.
    """
    source_url = f"{source.url}?{sas}" if sas else source.url
    try:
        target.start_copy_from_url(source_url, match_condition=MatchConditions.IfMissing)
    except (ResourceExistsError, ResourceModifiedError):
        if not target.exists():
            raise
    copied = _wait(target)
    if not _is_same(source, target, copied):
        raise DestinationTaken(f"{target.blob_name} holds something else already.")
    return copied.etag.strip('"')


def find_copied_blob(source: BlobClient, target: BlobClient) -> str | None:
    """The etag of a blob that the service made as a copy of `source`, and nobody wrote to since; None where nothing is.

    Raises:
        DestinationTaken: something else is there.
        BlobUnavailable: the service gave up copying.
        AzureError: the service refused.
    """
    if not target.exists():
        return None
    copied = _wait(target)
    copied_from, original = (unquote(urlsplit(url).path) for url in (copied.copy.source or "", source.url))
    if copied_from != original:
        raise DestinationTaken(f"{target.blob_name} holds something else already.")
    return copied.etag.strip('"')


def delete_copied_blob(target: BlobClient, etag: str) -> None:
    """Delete a blob that still has this etag.

    Raises:
        BlobVanished: it is not there.
        AzureError: the service refused; with 412 where the etag is another.
    """
    if not target.exists():
        raise BlobVanished(f"{target.blob_name} is not there any more.")
    target.delete_blob(etag=f'"{etag}"', match_condition=MatchConditions.IfNotModified)


def _wait(target: BlobClient) -> BlobProperties:
    give_up_at = time.monotonic() + COPY_WAIT_S
    while (copied := target.get_blob_properties()).copy.status == "pending":
        if time.monotonic() > give_up_at:
            target.abort_copy(copied)
        time.sleep(0.5)
    if copied.copy.status in ("failed", "aborted"):
        target.delete_blob(etag=copied.etag, match_condition=MatchConditions.IfNotModified)
        raise BlobUnavailable(f"The service could not copy to {target.blob_name} ({copied.copy.status}).")
    return copied


def _is_same(source: BlobClient, target: BlobClient, copied: BlobProperties) -> bool:
    """Compare by size and MD5, which the service carries along, or by the bytes where it has no MD5 of them."""
    original = source.get_blob_properties()
    if original.size != copied.size:
        return False
    ours, theirs = original.content_settings.content_md5, copied.content_settings.content_md5
    return ours == theirs if ours and theirs else _sha256(source) == _sha256(target)


def _sha256(blob: BlobClient) -> bytes:
    digest = hashlib.sha256()
    for chunk in blob.download_blob(max_concurrency=1).chunks():
        digest.update(chunk)
    return digest.digest()
