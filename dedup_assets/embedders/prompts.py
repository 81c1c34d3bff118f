"""Encoders of prompts: BGE by sentence-transformers, and the text towers of two CLIP models.

Belongs here: loading and running them. Does not belong here: which prompts need a vector (`stages/vectors/prompt_vectors.py`).

A prompt beyond the length that a model reads (CLIP 77 tokens, BGE 512) is cut there by the model's own tokenizer.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dedup_assets.embedders.checkpoints import available_devices, file_revision, folder_revision, import_extra, loading
from dedup_assets.embedders.open_clip import open_clip_checkpoint
from dedup_assets.embedders.protocol import PromptEncoder, Vectors, normalized
from dedup_assets.embedders.provider_settings import EmbedderSettings
from dedup_assets.errors import EmbedderUnavailableError


@dataclass
class TextModel:
    """A loaded model: `forward` maps texts to an array (n, dimension)."""

    name: str
    model: str
    revision: str
    forward: Callable[[Sequence[str]], Any]
    batch_size: int
    dimension: int = 0

    def __post_init__(self) -> None:
        """Learn the dimension by encoding one word."""
        self.dimension = int(np.asarray(self.forward(["a"])).shape[1])

    def encode(self, prompts: Sequence[str]) -> Vectors:
        """Encode prompts: (n, dimension) float32, rows of length 1."""
        starts = range(0, len(prompts), self.batch_size)
        parts = [np.asarray(self.forward(prompts[start : start + self.batch_size]), np.float32) for start in starts]
        return normalized(np.concatenate([np.empty((0, self.dimension), np.float32), *parts]))


def _load_bge(settings: EmbedderSettings) -> PromptEncoder:
    """Load a sentence-transformers model: a folder, or a repository such as BAAI/bge-large-en-v1.5."""
    library = import_extra("sentence_transformers", "text")
    folder = _bge_folder(settings)
    with loading(settings.bge_model):
        loaded = library.SentenceTransformer(str(folder), device=_device(settings), local_files_only=True)

        def forward(prompts: Sequence[str]) -> Any:
            return loaded.encode(list(prompts), show_progress_bar=False)

        model = Path(settings.bge_model).name
        return TextModel("bge", model, folder_revision(folder), forward, settings.prompts_a_batch)


def _load_clip_text(name: str, model: str, checkpoint: str, settings: EmbedderSettings) -> PromptEncoder:
    """Load the text tower of a CLIP model."""
    path = open_clip_checkpoint(model, checkpoint, settings)
    open_clip, torch = import_extra("open_clip", "clip"), import_extra("torch", "clip")
    with loading(model):
        loaded = open_clip.create_model(model, pretrained=str(path), pretrained_text=False).eval()
        loaded.visual = torch.nn.Identity()  # the larger half of the model, which prompts do not need
        device, tokenize = _device(settings), open_clip.get_tokenizer(model)
        loaded = loaded.to(device)

        def forward(prompts: Sequence[str]) -> Any:
            with torch.inference_mode():
                return loaded.encode_text(tokenize(list(prompts)).to(device)).float().cpu().numpy()

        return TextModel(name, model, file_revision(path), forward, settings.prompts_a_batch)


def _bge_folder(settings: EmbedderSettings) -> Path:
    folder = Path(settings.bge_model).expanduser()
    if folder.is_dir():
        return folder
    hub = import_extra("huggingface_hub", "text")
    with loading(f"{settings.bge_model} is no local folder; it"):
        found = hub.snapshot_download(
            settings.bge_model, cache_dir=settings.model_cache or None, local_files_only=not settings.allow_download
        )
        return Path(found)


def _device(settings: EmbedderSettings) -> str:
    return (settings.devices or available_devices())[0]


ENCODERS: Mapping[str, Callable[[EmbedderSettings], PromptEncoder]] = {
    "bge": _load_bge,
    "clip_l": lambda given: _load_clip_text("clip_l", given.clip_l_model, given.clip_l_checkpoint, given),
    "clip_g": lambda given: _load_clip_text("clip_g", given.clip_g_model, given.clip_g_checkpoint, given),
}
"""Each raises EmbedderUnavailableError where its library, model or checkpoint is missing."""


@dataclass(frozen=True)
class EncoderChoice:
    """The encoders that work, in their order, and for each other one "name: why not"."""

    encoders: tuple[PromptEncoder, ...]
    missing_reasons: tuple[str, ...]


def choose_encoders(names: Sequence[str], settings: EmbedderSettings) -> EncoderChoice:
    """Load the encoders of these names; unlike providers of images, all of them are wanted, and none replaces another.

    Raises:
        ValueError: a name is not that of an encoder.
    """
    unknown = [name for name in names if name not in ENCODERS]
    if unknown:
        raise ValueError(f"unknown prompt encoder '{unknown[0]}'; known are {', '.join(ENCODERS)}")
    encoders: list[PromptEncoder] = []
    reasons: list[str] = []
    for name in names:
        try:
            encoders.append(ENCODERS[name](settings))
        except EmbedderUnavailableError as error:
            reasons.append(f"{name}: {error}")
    return EncoderChoice(tuple(encoders), tuple(reasons))
