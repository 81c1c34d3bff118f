"""What can be configured about the providers.

Belongs here: names, sizes and limits, with their defaults; a person sets them as `EmbeddingPolicy`.
Does not belong here: secrets, which come from the environment.
"""

from pydantic import BaseModel, ConfigDict, Field


class EmbedderSettings(BaseModel):
    """Settings of every provider; what a provider lacks here, it reports as the reason why it cannot be used.

    A checkpoint is a local file or one of the library's tags, which is read from the cache of this machine and downloaded
    only where `allow_download` is set. What is excluded changes no vector, only how it is come by, or shows in the name or the
    revision of the model, which stand beside every vector.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    open_clip_model: str = Field(default="ViT-B-32", description="Architecture for open_clip")
    open_clip_checkpoint: str = Field(
        default="", description="Local file or tag of the library; empty: open_clip is not used"
    )
    timm_model: str = Field(default="efficientnet_b0", description="Architecture for timm")
    timm_checkpoint: str = Field(default="", description="Local file or tag, such as ra_in1k; empty: timm is not used")
    bge_model: str = Field(default="BAAI/bge-large-en-v1.5", description="Local folder or repository on the hub")
    clip_l_model: str = Field(default="ViT-L-14", description="Architecture for clip_l")
    clip_l_checkpoint: str = Field(default="", description="Local file or tag of open_clip")
    clip_g_model: str = Field(default="ViT-bigG-14", description="Architecture for clip_g")
    clip_g_checkpoint: str = Field(default="", description="Local file or tag of open_clip")
    allow_download: bool = Field(default=False, description="Models that are not on this machine may be downloaded")
    http_url: str = Field(default="", description="Address of an embedding service; empty: none")
    http_allowed_hosts: list[str] = Field(
        default=["localhost", "127.0.0.1", "::1"], description="Hosts that http_url may name"
    )

    onnx_model: str = Field(
        default="sscd_distilled",
        exclude=True,
        description="Local ONNX file; or sscd_distilled, sscd of the extra [sscd]",
    )
    onnx_input: str = Field(default="", exclude=True, description="Input of pictures; empty: the first")
    onnx_layout: str = Field(
        default="", pattern="^(nhwc|nchw)?$", exclude=True, description="nhwc or nchw; empty: as the model's shape says"
    )
    onnx_size_px: int = Field(
        default=0,
        ge=0,
        le=4096,
        exclude=True,
        description="Side of the square input; 0: as the model says, or else 224",
    )
    onnx_normalisation: str = Field(
        default="",
        pattern="^(none|unit|symmetric|imagenet|clip)?$",
        exclude=True,
        description="none (0..255), unit (0..1), symmetric (-1..1), imagenet, clip; empty: of bytes none, else imagenet",
    )

    model_cache: str = Field(default="", exclude=True, description="Folder of downloads; empty: that of the library")
    devices: list[str] = Field(
        default=[], exclude=True, description="Where models run, a process each; empty: all GPUs, or else the CPU"
    )
    prompts_a_batch: int = Field(default=32, ge=1, exclude=True, description="Prompts that are encoded at once")
    http_images_a_request: int = Field(default=32, ge=1, exclude=True, description="Pictures in one request")
    http_timeout_s: float = Field(default=60.0, gt=0, exclude=True, description="Seconds that an answer may take")
    http_attempts: int = Field(default=4, ge=1, exclude=True, description="Times that a request is tried")
