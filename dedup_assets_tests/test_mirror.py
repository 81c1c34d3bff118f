"""The tests mirror the package, file for file."""

from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent
PACKAGE, TESTS = PROJECT / "dedup_assets", PROJECT / "dedup_assets_tests"

TESTED_ELSEWHERE = {
    # what damage does, and what reading finds, shows in a store that many stages wrote, and in what is written
    "resources/tables/damage.py": "pipeline/test_damaged.py",
    "resources/tables/visible_tables.py": "resources/tables/test_store.py",
    # run as a process of its own, which that file starts and ends
    "resources/database/embedded/watcher.py": "resources/database/embedded/test_postgres.py",
    # what a credential or an error is shows only where the emulator accepts or refuses it
    "resources/azure/credentials.py": "resources/azure/test_access.py",
    "resources/azure/failures.py": "resources/azure/test_access.py",
    # the command itself, started as a process
    "__main__.py": "test_main.py",
    # what a person types, is told, and finds in the next report, in the folders beside it, in the UI, in the database
    "commands/decide.py": "pipeline/test_decisions.py",
    "commands/organize.py": "pipeline/test_organized.py",
    "commands/forget.py": "pipeline/test_unmounted.py",
    "automation/forgetting.py": "pipeline/test_unmounted.py",
    "commands/demo.py": "pipeline/test_ui.py",
    "commands/ui.py": "pipeline/test_ui.py",
    "commands/migrate.py": "pipeline/test_migrate_command.py",
    "serving/dagster_ui.py": "pipeline/test_ui.py",
    "serving/guarded_webserver.py": "pipeline/test_ui.py",
    # what is told of a store that is well, and of a damaged one
    "health/contents.py": "commands/test_doctor.py",
    "health/finding.py": "commands/test_doctor.py",
    "health/places.py": "commands/test_doctor.py",
    "stages/grouping/decision_desk.py": "pipeline/test_decisions.py",
    # one test of what is found, or removed, and told
    "commands/embedded_servers.py": "resources/database/embedded/test_folders.py",
    "commands/similar.py": "stages/vectors/test_similar_images.py",
    # the shape of two assets
    "stages/whole_container.py": "assets/test_representatives.py",
    # the work of an asset on one partition shows in what the asset writes
    "stages/spilled_listing.py": "assets/test_image_manifest.py",
    "stages/organized_copies.py": "assets/test_organized_blobs.py",
    "stages/pairs/candidate_search.py": "assets/test_wavelet_groups.py",
    "stages/pairs/candidate_verdicts.py": "assets/test_verified_groups.py",
    "stages/vectors/embedding_run.py": "assets/test_embeddings.py",
    "stages/vectors/image_vectors.py": "assets/test_embeddings.py",
    "stages/vectors/similar_pairs.py": "assets/test_similar_groups.py",
    # fields without behaviour
    "embedders/provider_settings.py": "test_policies.py",
    "kernels/verify/thresholds.py": "test_policies.py",
    "calibration/outcome.py": "calibration/test_measuring.py",
    # parts of one parser, tested by the graphs that it reads
    "generation_metadata/tools/comfy_recipe.py": "generation_metadata/tools/test_comfyui.py",
    "generation_metadata/tools/comfy_sampler.py": "generation_metadata/tools/test_comfyui.py",
}
"""Modules without a test file of their own, why, and the file that tests them."""

MODULES = [path.relative_to(PACKAGE) for path in sorted(PACKAGE.rglob("*.py")) if path.name != "__init__.py"]


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_every_module_has_its_test_file(module: Path) -> None:
    expected = TESTED_ELSEWHERE.get(module.as_posix(), str(module.parent / f"test_{module.name}"))
    assert (TESTS / expected).is_file(), f"{expected} is missing"


@pytest.mark.parametrize("module", sorted(TESTED_ELSEWHERE))
def test_modules_that_are_tested_elsewhere_exist_and_have_no_test_file(module: str) -> None:
    assert (PACKAGE / module).is_file()
    assert not (TESTS / module).with_name(f"test_{Path(module).name}").exists()


def test_every_folder_of_modules_and_of_tests_says_in_one_line_what_it_holds() -> None:
    folders = {path.parent for root in (PACKAGE, TESTS) for path in root.rglob("*.py")}
    silent = [
        folder for folder in folders if not (folder / "__init__.py").read_text(encoding="utf-8").startswith('"""')
    ]
    assert sorted(str(folder.relative_to(PROJECT)) for folder in silent) == []
