"""Image models of the library timm, such as EfficientNet: the features before the classifier.

Belongs here: loading one, and its thresholds. Does not belong here: running it (`torch_embedder.py`).
"""

from pathlib import Path

from dedup_assets.embedders.checkpoints import file_revision, hub_checkpoint, import_extra, loading, local_checkpoint
from dedup_assets.embedders.protocol import Embedder
from dedup_assets.embedders.provider_settings import EmbedderSettings
from dedup_assets.embedders.torch_embedder import TorchEmbedder
from dedup_assets.errors import EmbedderUnavailableError

# Not measured: no checkpoint could be had where this was written.
MIN_COPY_COSINE = 0.6
MIN_SIMILAR_COSINE = 0.9

FILES_ON_THE_HUB = ("model.safetensors", "pytorch_model.bin")


def find_timm(settings: EmbedderSettings) -> Path:
    """The file with the parameters of the configured model.

    Raises:
        EmbedderUnavailableError: there is none, or not without a download that is not allowed.
    """
    path = local_checkpoint(settings.timm_checkpoint)
    if path:
        return path
    name = f"{settings.timm_model}.{settings.timm_checkpoint}"
    timm = import_extra("timm", "clip")
    with loading(f"{settings.timm_checkpoint} is no local file; {name}"):
        found = timm.get_pretrained_cfg(name, allow_unregistered=False)
    if not found.hf_hub_id:
        raise EmbedderUnavailableError(f"'{settings.timm_checkpoint}' is not on the hub: name a local file")
    return hub_checkpoint(settings.timm_checkpoint, found.hf_hub_id, FILES_ON_THE_HUB, settings)


def load_timm(settings: EmbedderSettings, device: str) -> Embedder:
    """Load the configured model on one device, without its classifier.

    Raises:
        EmbedderUnavailableError: the library or the checkpoint is missing, or they do not fit each other.
    """
    path = find_timm(settings)
    timm = import_extra("timm", "clip")
    with loading(settings.timm_model):
        model = timm.create_model(
            settings.timm_model, pretrained=True, pretrained_cfg_overlay={"file": str(path)}, num_classes=0
        )
        return TorchEmbedder(
            "timm", settings.timm_model, file_revision(path), MIN_COPY_COSINE, MIN_SIMILAR_COSINE,
            forward=model.eval().to(device),
            preprocess=timm.data.create_transform(**timm.data.resolve_model_data_config(model)),
            device=device,
        )  # fmt: skip
