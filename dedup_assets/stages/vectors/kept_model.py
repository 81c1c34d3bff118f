"""The model that a store began with and keeps: no run, machine or policy changes it, only a person who says so.

Belongs here: noting it, finding who can make its vectors, and what taking another would cost. Does not belong here: the
providers (`embedders/chain.py`), the vectors that are there (`stored_models.py`).
"""

from collections import Counter
from collections.abc import Mapping

from obstore.exceptions import AlreadyExistsError

from dedup_assets.embedders.chain import EmbedderChoice, choose_embedder
from dedup_assets.embedders.protocol import ModelName
from dedup_assets.errors import EmbedderConfigurationError, NoEmbedderError
from dedup_assets.policies import EmbeddingPolicy
from dedup_assets.report.plain_words import counted
from dedup_assets.resources.tables.store import TableStore
from dedup_assets.tables import EMBEDDINGS, REPRESENTATIVES

NOTE = "embedding_model.json"


def used_models(tables: TableStore) -> dict[str, ModelName]:
    """The model of each partition's last run."""
    details = {key: tables.commit_of(EMBEDDINGS, key).details for key in tables.partitions(EMBEDDINGS)}
    return {
        key: ModelName(*(each[name] for name in ModelName._fields)) for key, each in details.items() if "model" in each
    }


def kept_model(tables: TableStore) -> ModelName | None:
    """The model that is noted; in a store of before there were notes, that of most partitions; None in a new store."""
    note = tables.read_document(NOTE)
    if note:
        return ModelName(**note)
    return next((model for model, _ in Counter(used_models(tables).values()).most_common(1)), None)


def choose_kept(tables: TableStore, policy: EmbeddingPolicy) -> EmbedderChoice:
    """Who makes the vectors of this store; a new one takes and notes the first that the policy's order has here.

    Raises:
        NoEmbedderError: this machine lacks the store's model, or a new store finds none.
    """
    kept = kept_model(tables)
    if kept:
        return _choose_again(tables, policy, kept)
    choice = policy.choose()
    try:
        tables.create_document(NOTE, ModelName.of(choice.embedder)._asdict())
    except AlreadyExistsError:  # another run began meanwhile
        with choice:
            return choose_kept(tables, policy)
    return choice


def use_provider(tables: TableStore, policy: EmbeddingPolicy, provider: str) -> ModelName:
    """Note the model of a provider as the one that the store keeps from the next run on.

    Raises:
        SettingsError: there is no such provider.
        NoEmbedderError: it cannot be used here.
    """
    with choose_embedder([provider], policy.embedder_settings()) as choice:
        model = ModelName.of(choice.embedder)
    tables.write_document(NOTE, model._asdict())
    return model


def tell_preferred(tables: TableStore, policy: EmbeddingPolicy) -> str:
    """A sentence on the model that a new store would take here, where this store keeps another; "" where it would not."""
    kept = kept_model(tables)
    return _tell(tables, kept, policy.why_not_preferred(kept.provider)) if kept else ""


def _tell(tables: TableStore, kept: ModelName, why_not: Mapping[str, str]) -> str:
    usable = [name for name, why in why_not.items() if not why]
    if not usable:
        return ""
    return (
        f"{usable[0]} can be used here, but this store keeps {kept} until `dedup-assets embeddings use {usable[0]}`; "
        f"then the next run {cost_of_switching(tables)}."
    )


def cost_of_switching(tables: TableStore) -> str:
    """What a run with another model does."""
    kept = tables.read_many(REPRESENTATIVES, columns=["is_representative"])["is_representative"]
    return f"embeds {counted(int(kept.sum()), 'kept picture')} anew, and compares and verifies their neighbours"


def _choose_again(tables: TableStore, policy: EmbeddingPolicy, kept: ModelName) -> EmbedderChoice:
    try:
        choice = policy.choose_same(kept)
    except EmbedderConfigurationError:
        raise
    except NoEmbedderError as error:
        raise NoEmbedderError(
            f"The vectors of this store are of {kept}, which cannot be made here ({error}): mend that, or take another model "
            f"by `dedup-assets embeddings use`; then the next run {cost_of_switching(tables)}."
        ) from error
    why_not = policy.why_not_preferred(kept.provider)
    told, missing = _tell(tables, kept, why_not), [f"{name}: {why}" for name, why in why_not.items() if why]
    return EmbedderChoice(choice.embedder, (*missing, *([told] if told else ())))
