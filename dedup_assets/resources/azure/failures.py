"""What went wrong in a storage account, in one sentence without a secret.

Belongs here: reading the errors of the Azure SDK and of obstore. Does not belong here: what to do about one blob.

Texts of errors are never passed on: they hold URLs. Only the service's error code and status are.
"""

import re

from dedup_assets.errors import BlobChanged, BlobError, BlobUnavailable, BlobVanished, StoreAccessError, StoreAwayError
from dedup_assets.resources.locations import ContainerLocation

_CODE_TAG = re.compile(r"<Code>(\w+)</Code>")
_STATUS_TEXT = re.compile(r"status code: (\d{3})")
_MISSING_CONTAINER = {"ContainerNotFound", "ContainerBeingDeleted", "ContainerDisabled"}
_MISSING_BLOB = {"BlobNotFound", "CannotVerifyCopySource"}


def explain_azure_error(error: Exception, location: ContainerLocation) -> StoreAccessError:
    """Say in one sentence why a container cannot be used and what to do; works for errors of the SDK and of obstore."""
    kind = StoreAwayError if _found_nobody(error) or (_status(error) or 0) >= 500 else StoreAccessError
    return kind(_sentence(error, location))


def blob_failure(error: Exception, path: str, location: ContainerLocation) -> BlobError | StoreAccessError:
    """Tell a blob that cannot be read from a container that cannot be used."""
    status, code = _status(error), _code(error)
    if is_refusal(error) or code in _MISSING_CONTAINER or _found_nobody(error) or _lacks_identity(error):
        return explain_azure_error(error, location)
    if code in _MISSING_BLOB:
        return BlobVanished(f"{path} is not there any more.")
    if status == 412:
        return BlobChanged(f"{path} changed since it was listed.")
    answer = f"the answer was {status} {code}".rstrip() if status else "no complete answer came in time"
    return BlobUnavailable(f"{path} was not handed out: {answer}.")


def is_refusal(error: Exception) -> bool:
    """True where the service does not accept the credentials, for all that it has or for what was asked alone."""
    return _status(error) in (401, 403)


def _sentence(error: Exception, location: ContainerLocation) -> str:
    status, code = _status(error), _code(error)
    if is_refusal(error):
        return (
            f"{location.account_url} refuses the credentials for the container {location.container!r} "
            f"({code or status}): check that they belong to this account, have not expired, and allow what is done."
        )
    if code in _MISSING_CONTAINER:
        return (
            f"The account {location.account!r} has no container {location.container!r}: make it or correct the address."
        )
    if status:
        return f"{location.account_url} answered {status} {code} for the container {location.container!r}."
    if _lacks_identity(error):
        return (
            f"No credentials for {location}: set AZURE_STORAGE_CONNECTION_STRING, AZURE_STORAGE_KEY or "
            "AZURE_STORAGE_SAS_TOKEN, sign in with `az login`, or run with a managed identity."
        )
    if _found_nobody(error):
        return f"{location.account_url} cannot be reached: check the account's name and the network."
    return f"{location.account_url} did not answer as a storage account does ({type(error).__name__})."


def _code(error: Exception) -> str:
    """The service's word for the error, such as "BlobNotFound"; "" where it gave none."""
    code = getattr(error, "error_code", None)
    if code:
        return str(getattr(code, "value", code))
    found = _CODE_TAG.search(str(error))
    return found[1] if found else ""


def _status(error: Exception) -> int | None:
    """The HTTP status; None where no answer came."""
    status = getattr(error, "status_code", None)
    found = _STATUS_TEXT.search(str(error))
    return status if isinstance(status, int) else int(found[1]) if found else None


def _found_nobody(error: Exception) -> bool:
    """True where no connection was made: a wrong name, a closed port, no network."""
    names = {kind.__name__ for kind in type(error).__mro__}
    return "ServiceRequestError" in names or "kind: Connect" in str(error)


def _lacks_identity(error: Exception) -> bool:
    """True where neither a managed identity nor a signed-in person was found."""
    return "DefaultAzureCredential" in str(error)
