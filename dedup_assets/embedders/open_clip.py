"""CLIP models of the library open_clip: any architecture with any checkpoint.

Belongs here: loading one, and its thresholds. Does not belong here: running it (`torch_embedder.py`).

For example ViT-B-32 (512 numbers), ViT-L-14 (768) or ViT-H-14 (1024), with a local file or one of the library's tags.
"""

from dedup_assets.embedders.protocol import Embedder, EmbedderUnavailableError
from dedup_assets.embedders.settings import EmbedderSettings
from dedup_assets.embedders.torch_embedder import TorchEmbedder, choose_device, find_checkpoint, import_extra

# Not measured: no checkpoint could be had where this was written. Low for copies, as geometry decides about those;
# high for look-alikes, where nothing else decides.
MIN_COPY_COSINE = 0.75
MIN_SIMILAR_COSINE = 0.92


def load_open_clip(settings: EmbedderSettings) -> Embedder:
    """Load the configured model.

    Raises:
        EmbedderUnavailableError: the library or the checkpoint is missing, or they do not fit each other.
    """
    revision = find_checkpoint(settings.open_clip_checkpoint, settings)
    open_clip = import_extra("open_clip", "clip")
    device = choose_device(settings.device)
    try:
        model, _, preprocess = open_clip.create_model_and_transforms(
            settings.open_clip_model, pretrained=settings.open_clip_checkpoint, device=device
        )
    except (RuntimeError, OSError, ValueError, KeyError) as error:
        raise EmbedderUnavailableError(f"{settings.open_clip_model} cannot be loaded: {error}") from error
    return TorchEmbedder(
        name="open_clip",
        model=settings.open_clip_model,
        revision=revision,
        min_copy_cosine=MIN_COPY_COSINE,
        min_similar_cosine=MIN_SIMILAR_COSINE,
        forward=model.eval().encode_image,
        preprocess=preprocess,
        device=device,
        batch_size=settings.batch_size,
    )
