"""Image models of the library timm, such as EfficientNet: the features before the classifier.

Belongs here: loading one, and its thresholds. Does not belong here: running it (`torch_embedder.py`).
"""

from pathlib import Path

from dedup_assets.embedders.protocol import Embedder, EmbedderUnavailableError
from dedup_assets.embedders.settings import EmbedderSettings
from dedup_assets.embedders.torch_embedder import TorchEmbedder, choose_device, find_checkpoint, import_extra

# Not measured: no checkpoint could be had where this was written.
MIN_COPY_COSINE = 0.6
MIN_SIMILAR_COSINE = 0.9


def load_timm(settings: EmbedderSettings) -> Embedder:
    """Load the configured model.

    Raises:
        EmbedderUnavailableError: the library or the checkpoint is missing, or they do not fit each other.
    """
    revision = find_checkpoint(settings.timm_checkpoint, settings)
    timm = import_extra("timm", "clip")
    local = Path(settings.timm_checkpoint).is_file()
    name = settings.timm_model if local else f"{settings.timm_model}.{settings.timm_checkpoint}"
    device = choose_device(settings.device)
    try:
        overlay = {"file": settings.timm_checkpoint} if local else {}
        model = timm.create_model(name, pretrained=True, pretrained_cfg_overlay=overlay, num_classes=0)
    except (RuntimeError, OSError, ValueError, KeyError) as error:
        raise EmbedderUnavailableError(f"{name} cannot be loaded: {error}") from error
    return TorchEmbedder(
        name="timm",
        model=settings.timm_model,
        revision=revision,
        min_copy_cosine=MIN_COPY_COSINE,
        min_similar_cosine=MIN_SIMILAR_COSINE,
        forward=model.eval().to(device),
        preprocess=timm.data.create_transform(**timm.data.resolve_model_data_config(model)),
        device=device,
        batch_size=settings.batch_size,
    )
