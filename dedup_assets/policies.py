"""Everything that changes the answer, on one page: a policy for each asset that decides something.

Belongs here: typed and bounded settings, their defaults, and making them of what a file says. The numbers of verification
stand with their reasons in `kernels/verify/thresholds.py`, the settings of providers in `embedders/provider_settings.py`.
Does not belong here: what changes only speed (`resources/collection.py`).
"""

import hashlib
import json
from collections.abc import Mapping
from enum import Enum
from typing import Any, Self

import dagster as dg
from pydantic import ConfigDict, Field, ValidationError, field_validator

from dedup_assets.embedders.chain import EmbedderChoice, choose_embedder, choose_same, why_not_preferred
from dedup_assets.embedders.prompts import EncoderChoice, choose_encoders
from dedup_assets.embedders.protocol import ModelName
from dedup_assets.embedders.provider_settings import EmbedderSettings
from dedup_assets.errors import SettingsError
from dedup_assets.kernels.candidates.near_contents import CandidateLimits
from dedup_assets.kernels.decode.limits import DecodeLimits
from dedup_assets.kernels.keep.ranking import KEEP_RULES
from dedup_assets.kernels.verify.thresholds import VerificationThresholds
from dedup_assets.tables import LEVELS

EMBEDDING_ORDER = ("open_clip", "onnx", "descriptor", "dhash")
EMBEDDING_ORDER_OF_0_1_0 = ("open_clip", "descriptor", "dhash")


def digest_of(*parts: object) -> str:
    """Sixteen hex digits of the SHA-256 of a JSON encoding."""
    text = json.dumps(parts, sort_keys=True, default=str, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class Policy(dg.ConfigurableResource[None]):
    """What changes the answer of one stage: typed, bounded, unknown fields forbidden, recorded with every output."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @property
    def version(self) -> str:
        """Digest of all settings: equal settings, equal version."""
        return digest_of(type(self).__name__, self.settings())

    def settings(self) -> dict[str, Any]:
        """The settings as JSON values, without those that are excluded since they change no answer."""
        fields = type(self).model_fields
        return {name: getattr(self, name) for name in sorted(fields) if not fields[name].exclude}

    @classmethod
    def build(cls, section: str, values: Mapping[str, Any]) -> Self:
        """The policy of one section of the policy file; raises SettingsError for what it does not know or allow."""
        if unknown := sorted(set(values) - set(cls.model_fields)):
            raise SettingsError(
                f"Unknown settings {unknown} in policy section {section!r}; known are {sorted(cls.model_fields)}."
            )
        try:
            return cls(**values)
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(map(str, first["loc"]))
            raise SettingsError(f"{section}: {name} is {first['input']!r}: {first['msg']}.") from error


class ListingPolicy(Policy):
    """Which losses are believed, and how long what left, and runs, are remembered: no row follows from it."""

    max_lost_share: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="A listing that lacks more of the images of the last one stops the run; 1: none does",
    )
    min_lost_images: int = Field(
        default=100, ge=1, description="Where it lacks fewer it does not, unless nothing is there any more"
    )
    forget_after_days: int = Field(
        default=30, ge=0, le=36_500, description="So long what is known of images that left is kept, should they return"
    )
    keep_runs_days: int = Field(
        default=90,
        ge=1,
        le=36_500,
        exclude=True,
        description="So long Dagster's records keep a run, its events and what it printed",
    )


class FeaturePolicy(Policy):
    """Which images count as readable."""

    max_megapixels: float = Field(
        default=250.0,
        gt=0,
        le=2_000,
        description="Pictures that declare more pixels are not decoded (250 take 750 MB as RGB)",
    )
    max_unreadable_share: float = Field(
        default=0.2, ge=0, le=1, description="The check fails above this share of unreadable images"
    )

    def limits(self) -> DecodeLimits:
        """What decoding one image may cost."""
        return DecodeLimits(max_pixels=int(self.max_megapixels * 1e6))


class CandidatePolicy(Policy):
    """How near two hashes must be for a pair to be looked at."""

    max_dct_distance: int = Field(
        default=40,
        ge=0,
        le=80,
        description="Bits of 256: unrelated photographs keep 94 apart, light edits stay within 40; embeddings find the rest",
    )
    max_turned_dct_distance: int = Field(
        default=32,
        ge=0,
        le=80,
        description="The same for turned and mirrored pictures, whose hash is within 20 bits of the turned hash for 99 of 100",
    )
    max_wavelet_distance: int = Field(
        default=96, ge=0, le=256, description="Bits of 256: weaker evidence than the DCT hash, it drops chance pairs"
    )
    max_pairs_per_image: float = Field(
        default=200.0, gt=0, description="The check warns above this many candidate pairs an image"
    )

    def limits(self) -> CandidateLimits:
        """The largest distances of candidate pairs."""
        return CandidateLimits(self.max_dct_distance, self.max_turned_dct_distance, self.max_wavelet_distance)


class VerificationPolicy(VerificationThresholds, Policy):
    """When two pictures count as the same."""

    def thresholds(self) -> VerificationThresholds:
        """The numbers alone, which any process can be given."""
        return VerificationThresholds(**self.settings())


class KeepPolicy(Policy):
    """Which image of a group is kept."""

    keep_rule: list[str] = Field(
        default=list(KEEP_RULES),
        min_length=1,
        description="Rules in order: the first that tells two images apart decides, ties are broken by path",
    )
    prefer_prefixes: list[str] = Field(default=[], description="Prefixes for the rule prefer_prefix, the dearest first")

    @field_validator("keep_rule")
    @classmethod
    def _leave_out_readable(cls, rules: list[str]) -> list[str]:
        """Files written for 0.1.0 name a rule `readable`: it decided nothing, as only readable images are ranked."""
        return [rule for rule in rules if rule != "readable"]


class EmbeddingPolicy(EmbedderSettings, Policy):
    """Which model makes the vectors of pictures, as long as a store has none; and which encoders those of prompts, all of them."""

    providers: list[str] = Field(
        default=list(EMBEDDING_ORDER), min_length=1, description="Order in which a new store tries providers"
    )
    prompt_encoders: list[str] = Field(default=[], description="Encoders of prompts: bge, clip_l, clip_g; empty: none")

    @property
    def version(self) -> str:
        """As 0.1.0 had it: a longer default order changes no store, as each keeps its model."""
        is_default = self.providers == list(EMBEDDING_ORDER)
        order = EMBEDDING_ORDER_OF_0_1_0 if is_default else self.providers
        return digest_of(type(self).__name__, self.settings() | {"providers": order})

    def choose(self) -> EmbedderChoice:
        """The first provider that works, and why the ones before it do not."""
        return choose_embedder(self.providers, self.embedder_settings())

    def choose_same(self, model: ModelName) -> EmbedderChoice:
        """The provider that makes vectors of this model; raises NoEmbedderError where none does."""
        return choose_same(model, self.providers, self.embedder_settings())

    def why_not_preferred(self, provider: str) -> dict[str, str]:
        """Why those before a provider cannot be used here, by name; "" where one can."""
        return why_not_preferred(provider, self.providers, self.embedder_settings())

    def choose_encoders(self) -> EncoderChoice:
        """The encoders of prompts that work, and why the others do not."""
        return choose_encoders(self.prompt_encoders, self.embedder_settings())

    def embedder_settings(self) -> EmbedderSettings:
        """What the providers and encoders take."""
        return EmbedderSettings(**{name: getattr(self, name) for name in EmbedderSettings.model_fields})


class LastLevel(Enum):
    """Where the search for duplicates ends."""

    NEAR = "near"
    COPY = "copy"


class SimilarityPolicy(Policy):
    """How alike two vectors must be; None leaves it to the provider, whose measurement stands beside its number."""

    level: LastLevel = Field(
        default=LastLevel.COPY,
        exclude=True,
        description="near: the line ends after near-duplicates, without vectors; copy: heavy edits and look-alikes too",
    )

    min_copy_cosine: float | None = Field(
        default=None, ge=-1, le=1, description="From here on a pair is tested for a copy"
    )
    min_similar_cosine: float | None = Field(
        default=None, ge=-1, le=1, description="From here on two pictures are look-alikes"
    )
    # Among 300,000 synthetic pictures 10 lead 94.1 % of copies that are the only one to their original, 20 lead 94.8 %, no limit
    # 98.2 %; and all that stand in families of 12, of which 5 lose 0.2 % (benchmarks/vector_search.md). Time is in proportion.
    neighbours: int = Field(
        default=10, ge=1, le=1_000, description="Nearest pictures of each kept one that are tested for a copy"
    )
    max_exact_pictures: int = Field(
        default=400_000, ge=1, description="Up to so many pictures all are compared, of more those whose signs agree"
    )

    @property
    def not_looked_for(self) -> tuple[str, ...]:
        """The levels at which nothing is searched."""
        return LEVELS[LEVELS.index("near") + 1 :] if self.level is LastLevel.NEAR else ()

    def limits(self, provider: Mapping[str, Any]) -> tuple[float, float]:
        """The two limits, those of the provider where the policy leaves them open."""
        named = self.settings()
        copy, similar = (
            provider[name] if named[name] is None else named[name] for name in ("min_copy_cosine", "min_similar_cosine")
        )
        return float(copy), float(similar)


POLICIES: Mapping[str, tuple[str, type[Policy]]] = {
    "image_manifest": ("listing_policy", ListingPolicy),
    "image_features": ("feature_policy", FeaturePolicy),
    "wavelet_groups": ("candidate_policy", CandidatePolicy),
    "verified_groups": ("verification_policy", VerificationPolicy),
    "representatives": ("keep_policy", KeepPolicy),
    "embeddings": ("embedding_policy", EmbeddingPolicy),
    "similar_groups": ("similarity_policy", SimilarityPolicy),
}
"""Section of the policy file, which is the asset's name: the resource it fills and its type."""


def build_policies(settings: Mapping[str, Mapping[str, Any]]) -> dict[str, Policy]:
    """Make the policy of every section with the given settings, by the name of the resource that it fills.

    Raises:
        SettingsError: a section or a setting is unknown, or a value is out of its bounds.
    """
    if unknown := sorted(set(settings) - set(POLICIES)):
        raise SettingsError(f"Unknown policy sections {unknown}; known are {sorted(POLICIES)}.")
    return {name: kind.build(section, settings.get(section, {})) for section, (name, kind) in POLICIES.items()}
