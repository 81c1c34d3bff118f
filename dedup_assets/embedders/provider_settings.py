"""What can be configured about the providers.

Belongs here: names, sizes and limits, with their defaults.
Does not belong here: secrets, which come from the environment.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EmbedderSettings:
    """Settings of every provider; what a provider lacks here, it reports as the reason why it cannot be used.

    `open_clip_model`, `timm_model` and the like name the architecture; the checkpoint is a local file or one of the
    library's tags, which is read from the cache of this machine (`model_cache`, by default that of the library) and
    downloaded only where `allow_download` is set. `devices` are those on which a model runs, one process each; by default
    all GPUs that torch may use, or else the CPU. `http_url` is the address of an embedding service, whose host must stand
    in `http_allowed_hosts`.
    """

    open_clip_model: str = "ViT-B-32"
    open_clip_checkpoint: str = ""
    timm_model: str = "efficientnet_b0"
    timm_checkpoint: str = ""
    bge_model: str = "BAAI/bge-large-en-v1.5"
    clip_l_model: str = "ViT-L-14"
    clip_l_checkpoint: str = ""
    clip_g_model: str = "ViT-bigG-14"
    clip_g_checkpoint: str = ""
    allow_download: bool = False
    model_cache: str = ""
    devices: tuple[str, ...] = ()
    prompts_a_batch: int = 32
    http_url: str = ""
    http_allowed_hosts: tuple[str, ...] = ("localhost", "127.0.0.1", "::1")
    http_images_a_request: int = 32
    http_timeout_s: float = 60.0
    http_attempts: int = 4
