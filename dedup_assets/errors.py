"""The errors of this project, and who is to hear of them.

    MendableError                     a person can mend it: a command ends with its one sentence and exit code 1
      SettingsError
      LocationError
      NoSourceError
      NoImagesError
      LayoutError
      UndiscoveredPrefixError
      LostImagesError
      StoreAccessError
        StoreAwayError                a stage asks again, and Dagster tries its step again, as for DatabaseAwayError
      StoreChangedError
      DamagedStoreError
      DatabaseAccessError
        EmbeddedPostgresError
        DatabaseAwayError
      MigrationError
      EmbedderUnavailableError        a new store tries the next provider, where there is one
      NoEmbedderError
        EmbedderConfigurationError
      UnknownImageError
      NoVectorError
      StoredModelError
      SenselessDecisionError
      CalibrationError
      NoPhotographsError
      ExportError
      AddressTakenError
      ServiceEndedError
    BlobError                         one file, not the run: it becomes a row, and the others go on
      BlobVanished
      BlobChanged
      BlobUnavailable
    DestinationTaken                  one copy, not the run: it becomes a row, too
    TableContractError                this program is wrong, and nobody can mend it at a terminal: a traceback
    VectorError

Belongs here: every error that may reach a person. Its text says in one sentence what came, what was expected and what to do,
and never holds a password, a key or a signature. Does not belong here: an error that is always caught on its way
(`UnreadableImage`, `MetadataError`), which stands beside what raises it; imports, as every command loads this.
"""


class MendableError(Exception):
    """A person can mend this; the text is one sentence that says what came, what was expected, or what to do."""


class SettingsError(MendableError):
    """A setting is not what was expected; the text says what came."""


class LocationError(MendableError):
    """The address of a source or store has a wrong form; the text says what came and what is accepted, no secret."""


class NoSourceError(MendableError):
    """Nobody said which images to look at."""


class NoImagesError(MendableError):
    """There is nothing to do."""


class LayoutError(MendableError):
    """The store was laid out in another way than is asked for now."""


class UndiscoveredPrefixError(MendableError):
    """A partition was asked for that no discovery has placed."""


class LostImagesError(MendableError):
    """Much of the source is not there any more; one sentence that says what, and how to accept it."""


class StoreAccessError(MendableError):
    """The source or store as a whole cannot be used; one sentence that says why and what to do."""


class StoreAwayError(StoreAccessError):
    """The source or store, or the way to it, is gone for now: the same may succeed later."""


class StoreChangedError(MendableError):
    """Another run replaced what this one had begun to read; the text says what is gone."""


class DamagedStoreError(MendableError):
    """A file of the store cannot be read as it was written; one sentence that names it and says what makes it whole."""


class DatabaseAccessError(MendableError):
    """The database cannot be reached or refuses to let us in; the text never holds a password."""


class EmbeddedPostgresError(DatabaseAccessError):
    """The embedded server cannot be used; the text says why and what to do."""


class DatabaseAwayError(DatabaseAccessError):
    """The database, or the way to it, is gone for now: the same may succeed later."""


class MigrationError(MendableError):
    """The database and the migration files do not fit together; the text says which file and why."""


class EmbedderUnavailableError(MendableError):
    """This provider cannot work here; the text is one sentence that says why and what to do."""


class NoEmbedderError(MendableError):
    """None of the configured providers can work; the text holds the reason of each."""


class EmbedderConfigurationError(NoEmbedderError):
    """A provider's address or credential is wrong: no other takes its place; the text says what came and was expected."""


class UnknownImageError(MendableError):
    """No image of the report is meant, or none about which anything can be decided; the text says what is near."""


class NoVectorError(MendableError):
    """There is no vector to search with; the text says why and what to do."""


class StoredModelError(MendableError):
    """A model cannot be dropped; the text says why."""


class SenselessDecisionError(MendableError):
    """What was to be decided makes no sense; the text says why."""


class CalibrationError(MendableError):
    """There is nothing to measure, or nowhere to put it; one sentence that says why and what to do."""


class NoPhotographsError(MendableError):
    """The photographs of the demo are not installed."""


class ExportError(MendableError):
    """What was asked for cannot be exported, or not to there; the text says what is there and what to name instead."""


class AddressTakenError(MendableError):
    """Nothing can listen on the address that a service was given."""


class ServiceEndedError(MendableError):
    """A service of the Dagster UI ended, though nobody asked for it."""


class BlobError(Exception):
    """One blob could not be read; the others can."""


class BlobVanished(BlobError):  # noqa: N818 (the state is the name)
    """The blob is not there any more."""


class BlobChanged(BlobError):  # noqa: N818 (the state is the name)
    """The blob is not the one that was listed."""


class BlobUnavailable(BlobError):  # noqa: N818 (the state is the name)
    """The blob is there but was not handed out (no permission, archived, busy, too slow); a later run may have luck."""


class DestinationTaken(Exception):  # noqa: N818 (the state is the name)
    """Something with other content is where a copy should go; it was not touched."""


class TableContractError(ValueError):
    """A frame breaks the contract of its table; the text says what came and what was expected."""


class VectorError(ValueError):
    """A vector cannot be stored; the text says which and why."""
