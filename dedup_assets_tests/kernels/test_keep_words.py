"""Each rule has a sentence."""

from dedup_assets.kernels.keep_words import BY_PATH, EXPLANATIONS
from dedup_assets.kernels.keeping import RULE_NAMES


def test_every_rule_and_the_path_have_words() -> None:
    assert set(EXPLANATIONS) == {*RULE_NAMES, BY_PATH}
