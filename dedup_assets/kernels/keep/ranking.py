"""Choosing the image of a group that is kept, by rules tried in order.

Here belong the order of the rules and the ranking. What a rule measures is in `rules.py`, its words are in `words.py`; what
one picture tells about itself is in `kernels/describe/quality.py`, how far it stands from the others in `consensus.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.keep import rules as keep_rules
from dedup_assets.kernels.keep.columns import Columns, Key, Labels
from dedup_assets.kernels.keep.rules import Rule
from dedup_assets.kernels.keep.words import BY_PATH, EXPLANATIONS, PLAIN_NAME, PREFER_PREFIX

RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "more_frames": keep_rules.rank_frames,
        "more_pixels": keep_rules.rank_pixels,
        "unmarked": keep_rules.rank_marks,
        "less_compression": keep_rules.rank_compression,
        "transparent": keep_rules.rank_transparency,
        "first_encoding": keep_rules.rank_encodings,
        "closest": keep_rules.rank_closeness,
        "finer_compression": keep_rules.rank_fine_compression,
        "wider_margin": keep_rules.rank_margins,
        "more_bits": keep_rules.rank_bits,
        "richer_metadata": keep_rules.rank_metadata,
        PLAIN_NAME: keep_rules.rank_copy_names,
        "oldest": keep_rules.rank_oldest,
        "newest": keep_rules.rank_newest,
        "largest_file": keep_rules.rank_file_size,
    }
)
RULE_NAMES = (*RULES, PREFER_PREFIX)

# Pixels stand before marks: a consensus cannot tell a marked copy from the one full picture among many crops.
KEEP_RULES = (
    "more_frames",
    "more_pixels",
    "unmarked",
    "less_compression",
    "transparent",
    "first_encoding",
    "closest",
    "finer_compression",
    "wider_margin",
    "richer_metadata",
    "more_bits",
    "oldest",
)


def with_plain_names(rules: Sequence[str]) -> tuple[str, ...]:
    """Return the rules with the one on names of copies, before the first that goes by time, else at the end.

    It sets equal bytes apart and nothing else, so that it need not be named, and changes no choice between pictures.
    """
    if PLAIN_NAME in rules:
        return tuple(rules)
    at = next((place for place, rule in enumerate(rules) if rule in ("oldest", "newest")), len(rules))
    return (*rules[:at], PLAIN_NAME, *rules[at:])


@dataclass(frozen=True, slots=True)
class Ranking:
    """The order of keeping of n images.

    order  (n,) rows, the one kept first in front
    rank   (n,) place of each row in that order, 0 is kept first
    keys   (n, rules) what each rule measured, low is kept
    rules  names of the rules, in the order in which they were tried
    """

    order: NDArray[np.int64]
    rank: NDArray[np.int64]
    keys: NDArray[np.float64]
    rules: tuple[str, ...]

    def of(self, rows: NDArray[np.int64]) -> "Ranking":
        """Return the ranking of some rows among themselves, numbered as they are given."""
        order = np.argsort(self.rank[rows], kind="stable")
        return Ranking(order, np.argsort(order), self.keys[rows], self.rules)

    def deciding_rule(self, winner: int, runner_up: int) -> str:
        """Return the first rule that set two rows apart; BY_PATH if none did."""
        differing = np.flatnonzero(self.keys[winner] != self.keys[runner_up])
        return self.rules[int(differing[0])] if len(differing) else BY_PATH


def rank_images(
    columns: Columns, component: Labels, rules: Sequence[str] = KEEP_RULES, prefer_prefixes: Sequence[str] = ()
) -> Ranking:
    """Rank n images by rules tried in order, ties by path.

    columns: (n,) each. `path` is required and unique; of the others (width_px, height_px, inner_width and inner_height
    as shares, size_bytes, jpeg_quality, prior_jpeg_quality, blockiness, bits_per_pixel, sharpness, upscale_score,
    colourfulness, contrast, resolved_share, lossy_percent, sample_bits, frame_count, ground_level, picture_share,
    origin_facts, image_format, has_metadata, has_recipe, content (a number for equal bytes),
    modified_at in microseconds, and deviation, see
    `consensus.measure_deviation`, and those of `real_pixels.LAYOUT`) one that is absent or NaN does not count.
    component: (n,) labels of connected components (`grouping.find_components`): rules judge an image against its own only.
    The order is total, and depends neither on the order of the rows nor on the labels. ValueError for a rule that does not exist.
    """
    rules = with_plain_names(rules)
    keys = measure_rules(columns, component, rules, prefer_prefixes)
    return rank_by_keys(keys, np.argsort(np.argsort(columns["path"], kind="stable")), rules)


def measure_rules(columns: Columns, component: Labels, rules: Sequence[str], prefer_prefixes: Sequence[str]) -> Key:
    """Return what each rule measures of n images, (n, rules), as `rank_images` takes them; low is kept.

    A component is judged by itself: the keys of several components may be measured one after another.
    """
    unknown = sorted(set(rules) - set(RULE_NAMES))
    if unknown:
        raise ValueError(f"unknown keep rules {unknown}, expected some of {list(RULE_NAMES)}")
    measured = keep_rules.with_shared_measures(columns, component)
    keys = [_rank_by(rule, measured, component, prefer_prefixes) for rule in rules]
    return np.stack(keys, axis=1) if keys else np.zeros((len(component), 0))


def rank_by_keys(keys: Key, path_place: NDArray[np.int64], rules: Sequence[str]) -> Ranking:
    """Rank n images by their keys, (n, rules), the first rule first, ties by the place of their path, (n,)."""
    order = np.lexsort((path_place, *keys.T[::-1]))
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return Ranking(order, rank, keys, tuple(rules))


def _rank_by(rule: str, columns: Columns, component: Labels, prefer_prefixes: Sequence[str]) -> Key:
    if rule == PREFER_PREFIX:
        return _rank_prefixes(columns["path"].tolist(), prefer_prefixes)
    return RULES[rule](columns, component)


def _rank_prefixes(paths: Sequence[str], prefer_prefixes: Sequence[str]) -> Key:
    """Return the place of the first preferred prefix that a path begins with; their number if it begins with none."""
    places = [[path.startswith(prefix) for prefix in prefer_prefixes] + [True] for path in paths]
    return np.array([matches.index(True) for matches in places], dtype=np.float64)


def explain_choice(columns: Columns, ranking: Ranking, winner: int, runner_up: int | None) -> str:
    """Say in words why one row is kept rather than another, naming the rule that decided; None for a group of one."""
    if runner_up is None:
        return "only image of its picture"
    rule = ranking.deciding_rule(winner, runner_up)
    both = {name: values[[winner, runner_up]] for name, values in columns.items()}
    return EXPLANATIONS[rule](both, 0, 1)
