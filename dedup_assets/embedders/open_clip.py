"""CLIP models of the library open_clip: any architecture with any checkpoint.

Belongs here: loading one, and its thresholds. Does not belong here: running it (`torch_embedder.py`), or its text tower
(`prompts.py`).

For example ViT-B-32 (512 numbers), ViT-L-14 (768) or ViT-H-14 (1024), with a local file or one of the library's tags.
"""

import os
from pathlib import Path

from dedup_assets.embedders.checkpoints import file_revision, hub_checkpoint, import_extra, loading, local_checkpoint
from dedup_assets.embedders.protocol import Embedder
from dedup_assets.embedders.provider_settings import EmbedderSettings
from dedup_assets.embedders.torch_embedder import TorchEmbedder
from dedup_assets.errors import EmbedderUnavailableError

# Not measured: no checkpoint could be had where this was written. Low for copies, as geometry decides about those;
# high for look-alikes, where nothing else decides.
MIN_COPY_COSINE = 0.75
MIN_SIMILAR_COSINE = 0.92

FILES_ON_THE_HUB = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")


def find_open_clip(settings: EmbedderSettings) -> Path:
    """The file with the parameters of the configured model.

    Raises:
        EmbedderUnavailableError: there is none, or not without a download that is not allowed.
    """
    return open_clip_checkpoint(settings.open_clip_model, settings.open_clip_checkpoint, settings)


def load_open_clip(settings: EmbedderSettings, device: str) -> Embedder:
    """Load the configured model on one device.

    Raises:
        EmbedderUnavailableError: the library or the checkpoint is missing, or they do not fit each other.
    """
    path = find_open_clip(settings)
    open_clip = import_extra("open_clip", "clip")
    with loading(settings.open_clip_model):
        model, _, preprocess = open_clip.create_model_and_transforms(
            settings.open_clip_model, pretrained=str(path), device=device, pretrained_text=False
        )
        return TorchEmbedder(
            "open_clip", settings.open_clip_model, file_revision(path), MIN_COPY_COSINE, MIN_SIMILAR_COSINE,
            forward=model.eval().encode_image, preprocess=preprocess, device=device,
        )  # fmt: skip


def open_clip_checkpoint(model: str, checkpoint: str, settings: EmbedderSettings) -> Path:
    """The file with the parameters of `model`: `checkpoint` itself, or that of a tag, such as laion2b_s34b_b79k.

    Raises:
        EmbedderUnavailableError: there is none, or not without a download that is not allowed.
    """
    path = local_checkpoint(checkpoint)
    if path:
        return path
    open_clip = import_extra("open_clip", "clip")
    found = open_clip.get_pretrained_cfg(model, checkpoint)
    if not found:
        known = ", ".join(open_clip.list_pretrained_tags_by_model(model)) or "none"
        raise EmbedderUnavailableError(f"'{checkpoint}' is neither a local file nor a tag of {model} (known: {known})")
    repository, name = os.path.split(found.get("hf_hub", ""))
    if not repository:
        raise EmbedderUnavailableError(f"'{checkpoint}' is not on the hub: name a local file")
    return hub_checkpoint(checkpoint, repository, [name] if name else FILES_ON_THE_HUB, settings)
