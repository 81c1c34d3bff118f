"""Where images come from and where tables go: settings, credentials, source, store, and whether clocks agree.

Belongs here: whether these can be used. Does not belong here: what the store holds (`contents.py`); showing any secret.
"""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import uuid4

import obstore

from dedup_assets.health.finding import Finding
from dedup_assets.policies import build_policies
from dedup_assets.report.plain_words import visible
from dedup_assets.resources.azure.credentials import Credential, find_credential
from dedup_assets.resources.collection import Collection
from dedup_assets.resources.locations import ContainerLocation, parse_location
from dedup_assets.settings import Settings

SECRETS = (
    "AZURE_STORAGE_CONNECTION_STRING",
    "AZURE_STORAGE_KEY",
    "AZURE_STORAGE_ACCOUNT_KEY",
    "AZURE_STORAGE_SAS_TOKEN",
    "DATABASE_URL",
    "DAGSTER_DATABASE_URL",
    "EMBEDDINGS_TOKEN",
    "EMBEDDINGS_QUERY",
)
MOST_APART_S = 120
"""Azure refuses requests that are signed 15 minutes ago; ages of parts are told by the clock of the store."""


def look_at_settings(settings: Settings) -> Iterator[Finding]:
    """What the last run into the store was given."""
    build_policies(settings.policies)
    named = ", ".join(sorted(settings.policies)) or "the defaults"
    yield Finding("settings", f"source {settings.source}, store {settings.store}, policies: {named}")


def look_at_credentials(settings: Settings) -> Iterator[Finding]:
    """Which there are, without showing them, and which of them each container would be asked with."""
    present = [name for name in SECRETS if os.environ.get(name)]
    yield Finding("credentials", f"set in the environment: {', '.join(present) or 'none'}")
    for location in map(parse_location, (settings.source, settings.store)):
        if isinstance(location, ContainerLocation):
            yield Finding("credentials", f"{location} is asked with {_kind(find_credential(location))}")


def _kind(found: Credential) -> str:
    if found.account_key:
        return "an account key"
    return "a SAS" if found.sas else "none, as everybody may" if found.is_anonymous else "an identity"


def look_at_source(settings: Settings) -> Iterator[Finding]:
    """Whether it can be listed, and one of its images be read."""
    images = Collection(**settings.collection).images()
    first = next((blob for blob in images.list_blobs() if not blob.is_link), None)
    if first is None:
        remedy = "see whether its disk is mounted and its prefix is right"
        yield Finding("source", f"{settings.source} holds no images", "wrong", remedy)
        return
    images.read(first.path, first.etag, 1)
    yield Finding("source", f"{settings.source} is readable, {visible(first.path)} was read")


def look_at_store(settings: Settings) -> Iterator[Finding]:
    """Whether it can be read and written, and its clock agrees with this one."""
    tables = Collection(**settings.collection).tables()
    path, text = f"doctor-{uuid4().hex}.json", uuid4().hex
    tables.write_document(path, text)
    try:
        read, written_at = tables.read_document(path), obstore.head(tables.store, path)["last_modified"]
    finally:
        tables.delete(path)
    if read != text:
        remedy = "see whether something beside it keeps old copies"
        yield Finding("store", f"{settings.store} gives back other bytes than were written", "wrong", remedy)
        return
    yield Finding("store", f"{settings.store} is readable and writable")
    apart = (datetime.now(UTC) - written_at).total_seconds()
    told = f"this machine and the store are {apart:+.1f} s apart"
    if abs(apart) > MOST_APART_S:
        yield Finding("clock", told, "wrong", "set the clock by the network (NTP)")
    else:
        yield Finding("clock", told)
