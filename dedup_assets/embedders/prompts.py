"""Encoders of prompts: BGE by sentence-transformers, and the text towers of CLIP models.

Belongs here: loading and running them. Does not belong here: which prompts need a vector (`assets/embeddings.py`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dedup_assets.embedders.protocol import EmbedderUnavailableError, PromptEncoder, Vectors, normalized
from dedup_assets.embedders.settings import EmbedderSettings
from dedup_assets.embedders.torch_embedder import choose_device, find_checkpoint, import_extra


@dataclass
class TextModel:
    """A loaded model: `forward` maps texts to an array (n, dimension)."""

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


def load_bge(model: str, settings: EmbedderSettings) -> PromptEncoder:
    """Load a sentence-transformers model, such as the folder of BAAI/bge-large-en-v1.5.

    Raises:
        EmbedderUnavailableError: the library or the model is missing.
    """
    library = import_extra("sentence_transformers", "text")
    try:
        loaded = library.SentenceTransformer(
            model, device=settings.device or None, local_files_only=not settings.allow_download
        )
    except (RuntimeError, OSError, ValueError) as error:
        raise EmbedderUnavailableError(f"{model} cannot be loaded: {error}") from error
    return TextModel(model, "1", loaded.encode, settings.batch_size)


def load_clip_text(model: str, checkpoint: str, settings: EmbedderSettings) -> PromptEncoder:
    """Load the text tower of an open_clip model, such as ViT-L-14 or ViT-bigG-14.

    Raises:
        EmbedderUnavailableError: the library or the checkpoint is missing.
    """
    revision = find_checkpoint(checkpoint, settings)
    open_clip, torch = import_extra("open_clip", "clip"), import_extra("torch", "clip")
    device = choose_device(settings.device)
    loaded = open_clip.create_model(model, pretrained=checkpoint, device=device).eval()
    tokenize = open_clip.get_tokenizer(model)

    def forward(prompts: Sequence[str]) -> Any:
        with torch.inference_mode():
            return loaded.encode_text(tokenize(list(prompts)).to(device)).float().cpu().numpy()

    return TextModel(model, revision, forward, settings.batch_size)
