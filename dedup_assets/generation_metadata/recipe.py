"""The identity of a generation recipe: canonical text, `metadata_hash`, prompt hash, and the report on one file.

The recipe is what decides the picture before any second pass: prompt, negative prompt, model, seed, subseed and its
strength, steps, sampler, scheduler, guidance, clip skip and LoRAs. Not in it: sizes, upscalers, face restoration, tool,
version, file names, and source image and denoise: ORIG and FINAL differ in exactly these, whether the second pass ran
inside the tool (hires fix) or outside it (img2img over the ORIG). The same recipe is a candidate, never a verdict.

Belongs here: which fields count and how they are encoded. Does not: parsing, or deciding on duplicates.
"""

import hashlib
import json
import re
import unicodedata
from dataclasses import asdict

from dedup_assets.generation_metadata.carrier_texts import ERROR_CARRIER
from dedup_assets.generation_metadata.carriers import read_carriers
from dedup_assets.generation_metadata.parameters import GenerationParameters
from dedup_assets.generation_metadata.registry import parse_generation
from dedup_assets.generation_metadata.sampler_names import canonical_sampler
from dedup_assets.generation_metadata.stealth_alpha import read_stealth_file

RECIPE_VERSION = 1
"""First value of every canonical text; raise it with any change of fields, order or normalization."""

MODEL_SUFFIX = re.compile(r"\.(?:safetensors|ckpt|pth|pt|gguf|sft|bin)$", re.IGNORECASE)
MODEL_URN = re.compile(r"urn:air:.*:civitai:\d+@(\d+)", re.IGNORECASE)
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
SHORT_HASH_CHARS = 10
"""Tools shorten a model's SHA-256 to 10 or 12 characters, or give all 64; the first 10 agree (40 bits)."""


def canonical_text(parameters: GenerationParameters) -> str | None:
    """Return the recipe as one ASCII JSON array, or None unless prompt, seed and model are all known.

    JSON quoting keeps fields apart, and null, "" and 0 different; numbers that are equal are written alike (7 = 7.0);
    texts are normalized (`normalize_text`). Everything outside ASCII, NUL and lone surrogates included, is escaped, so
    any database stores it unchanged.
    """
    model = _model_identity(parameters)
    if parameters.prompt is None or parameters.seed is None or model is None:
        return None
    sampler, scheduler = canonical_sampler(parameters.sampler, parameters.scheduler)
    recipe = [
        RECIPE_VERSION,
        normalize_text(parameters.prompt),
        None if parameters.negative_prompt is None else normalize_text(parameters.negative_prompt),
        model,
        parameters.seed,
        parameters.subseed,
        _number(parameters.subseed_strength),
        parameters.steps,
        sampler,
        scheduler,
        _number(parameters.guidance),
        _number(parameters.distilled_guidance),
        parameters.clip_skip,
        sorted([_lora_name(lora.name), json.dumps(_number(lora.weight))] for lora in parameters.loras),
    ]
    return json.dumps(recipe, ensure_ascii=True, allow_nan=False, separators=(",", ":"))


def metadata_hash(parameters: GenerationParameters) -> str | None:
    """Return the SHA-256 of `canonical_text` in UTF-8 as 64 hexadecimal digits, or None where that is None."""
    text = canonical_text(parameters)
    return None if text is None else hashlib.sha256(text.encode()).hexdigest()


def prompt_sha256(prompt: str | None) -> str | None:
    """Return the SHA-256 of the normalized prompt in UTF-8 as 64 hexadecimal digits; None for None."""
    if prompt is None:
        return None
    return hashlib.sha256(normalize_text(prompt).encode("utf-8", "surrogatepass")).hexdigest()


def storable_text(text: str) -> str:
    """Return the text as UTF-8 columns can hold it: NUL and lone surrogates written out, as `\\u0000` and `\\ud800`."""
    return UNSTORABLE.sub(lambda character: f"\\u{ord(character[0]):04x}", _with_pairs_joined(text))


def normalize_text(text: str) -> str:
    """Return the text in Unicode NFC with `\\n` line ends, surrogate pairs joined, and no white space around it."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", _with_pairs_joined(text))
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def file_report(path: str, data: bytes, *, read_stealth: bool = False) -> dict[str, object]:
    """Return what is known of one file, ready for `json.dumps`; with `read_stealth`, also from the pixels of a PNG.

    Keys: `path`, `tool` (None: no generation metadata), every field of `GenerationParameters`, `metadata_hash`,
    `missing` (of prompt, model, seed and steps; empty where there is no tool), `error` (a sentence, or None).
    """
    carriers = {**read_carriers(data), **(read_stealth_file(data) if read_stealth else {})}
    parsed = parse_generation(carriers)
    parameters = parsed.parameters if parsed else GenerationParameters()
    errors = (carriers.get(ERROR_CARRIER), parsed.error if parsed else None)
    return {
        "path": path,
        "tool": parsed.tool if parsed else None,
        **asdict(parameters),
        "loras": [asdict(lora) for lora in parameters.loras],
        "metadata_hash": metadata_hash(parameters),
        "missing": list(parameters.missing) if parsed else [],
        "error": "; ".join(filter(None, errors)) or None,
    }


def _with_pairs_joined(text: str) -> str:
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def _model_identity(parameters: GenerationParameters) -> str | None:
    """Return the model's registry identity, else its short hash, else its bare name, each with its kind before it."""
    registered = MODEL_URN.fullmatch(parameters.model or "")
    model_id = parameters.model_id or (f"civitai@{registered[1]}" if registered else None)
    if model_id:
        return f"id:{normalize_text(model_id)}"
    digest = normalize_text(parameters.model_hash or "").lower().rsplit(":", 1)[-1].removeprefix("0x")
    if digest:
        return f"hash:{digest[:SHORT_HASH_CHARS]}"
    return None if parameters.model is None else f"name:{_model_name(parameters.model)}"


def _lora_name(name: str) -> str:
    registered = MODEL_URN.fullmatch(name)
    return f"civitai@{registered[1]}" if registered else _model_name(name)


def _model_name(name: str) -> str:
    """Return a model's name without its folder and file ending: both differ between a tool's own versions."""
    return MODEL_SUFFIX.sub("", normalize_text(name).replace("\\", "/").rsplit("/", 1)[-1])


def _number(value: float | None) -> float | int | None:
    return int(value) if value is not None and float(value).is_integer() else value
