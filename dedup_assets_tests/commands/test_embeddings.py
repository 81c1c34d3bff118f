"""The options of `embeddings` stand behind its command, or are refused: none is passed over."""

import pytest
from click.testing import CliRunner

from dedup_assets.commands.embeddings import embeddings


@pytest.mark.parametrize("options", [("--store", "another"), ("--drop", "descriptor@1")])
def test_options_before_the_command_are_refused_with_the_order_that_is_meant(options: tuple[str, str]) -> None:
    said = CliRunner().invoke(embeddings, [*options, "use", "dhash"])
    assert said.exit_code == 2
    assert "embeddings use PROVIDER --store STORE" in said.output
