"""Damaged files, and what must hold for every one of them from its bytes to its canonical text.

Belongs here: how much damage a file gets, and the checks. Does not: how long to run
(`benchmarks/fuzz_generation_metadata.py`), the texts to start from (`hostile_carriers`), or the damage (`mutations`).
"""

import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from hashlib import sha256
from random import Random

from dedup_assets.generation_metadata.carrier_texts import MAX_CARRIERS, MAX_TOTAL_BYTES
from dedup_assets.generation_metadata.carriers import read_carriers
from dedup_assets.generation_metadata.parameters import GenerationParameters, MetadataError
from dedup_assets.generation_metadata.recipe import canonical_text, file_report, metadata_hash, storable_text
from dedup_assets.generation_metadata.registry import TOOLS, parse_generation
from dedup_assets_tests.generation_metadata.hostile_carriers import SEED_CARRIERS
from dedup_assets_tests.generation_metadata.mutations import BYTE_MUTATIONS, CONTAINERS, TEXT_MUTATIONS, enlarged

LARGE_SHARE = 0.004
"""Share of texts of which one piece is repeated up to `MAX_TEXT_CHARS`: what is not linear shows there."""


@dataclass(frozen=True)
class FuzzCase:
    """One input: the file, and the carriers that it was built from, which may hold what no container can."""

    data: bytes
    carriers: dict[str, str]


def next_case(random: Random) -> FuzzCase:
    """Return one damaged file: a seed whose texts were changed, put into a container, whose bytes were changed."""
    carriers = dict(SEED_CARRIERS[random.choice(sorted(SEED_CARRIERS))])
    if random.random() < 0.1:
        carriers |= SEED_CARRIERS[random.choice(sorted(SEED_CARRIERS))]
    for name in sorted(carriers):
        for _ in range(random.choice((0, 1, 1, 2, 5))):
            carriers[name] = random.choice(TEXT_MUTATIONS)(random, carriers[name])
    if random.random() < LARGE_SHARE:
        name = random.choice(sorted(carriers))
        carriers[name] = enlarged(random, carriers[name])
    data = random.choice(CONTAINERS)(carriers)
    for _ in range(random.choice((0, 0, 1, 3, 10))):
        data = random.choice(BYTE_MUTATIONS)(random, data)
    return FuzzCase(data, carriers)


def check_case(case: FuzzCase) -> None:
    """Check one input as a file and as carriers, with and without the registry's net; raises for whatever is wrong."""
    found = read_carriers(case.data)
    assert len(found) <= MAX_CARRIERS + 1
    assert sum(map(len, found.values())) <= MAX_TOTAL_BYTES + 100_000
    for carriers in (found, case.carriers):
        stored = json.loads(json.dumps(carriers))  # joins halves of surrogate pairs, else changes nothing
        assert stored != carriers or parse_generation(stored) == parse_generation(carriers)
        for tool in TOOLS:
            if tool.detect(carriers):
                _check_tool(tool.parse, carriers)
    report = file_report("x.png", case.data, read_stealth=len(case.data) < 100_000)
    assert json.loads(json.dumps(report, allow_nan=False)).keys() == report.keys()


def _check_tool(parse: Callable[[dict[str, str]], GenerationParameters], carriers: dict[str, str]) -> None:
    try:
        parameters = parse(carriers)
    except MetadataError:
        return
    _check_types(parameters)
    text = canonical_text(parameters)
    if text is not None:
        assert text.isascii()
        assert "\x00" not in text
        assert json.loads(text)[4] == parameters.seed
        assert metadata_hash(parameters) == sha256(text.encode()).hexdigest()
    json.dumps(asdict(parameters), allow_nan=False)
    storable_text(parameters.prompt or "").encode()


def _check_types(parameters: GenerationParameters) -> None:
    """A value is of its field's type, integers within 64 bits, and numbers are finite."""
    for field in fields(parameters):
        value = getattr(parameters, field.name)
        if value is None or field.name == "loras":
            continue
        if isinstance(value, float):
            assert math.isfinite(value), field.name
        assert not isinstance(value, bool), field.name
        assert type(value).__name__ in str(field.type), field.name
        assert not isinstance(value, int) or 0 <= value < 2**64, field.name
    assert all(isinstance(lora.name, str) for lora in parameters.loras)
