"""The choice of the provider: the first of the configured order that can work.

Belongs here: trying them in order and keeping the reasons. Does not belong here: any provider's own code.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from dedup_assets.embedders.descriptor import DescriptorEmbedder
from dedup_assets.embedders.devices import ProcessesEmbedder, on_devices
from dedup_assets.embedders.dhash import DifferenceHashEmbedder
from dedup_assets.embedders.http import connect_http
from dedup_assets.embedders.onnx import load_onnx
from dedup_assets.embedders.open_clip import find_open_clip, load_open_clip
from dedup_assets.embedders.protocol import Embedder
from dedup_assets.embedders.provider_settings import EmbedderSettings
from dedup_assets.embedders.timm import find_timm, load_timm
from dedup_assets.embedders.torch_embedder import TorchEmbedder
from dedup_assets.errors import EmbedderUnavailableError, NoEmbedderError

PROVIDERS: Mapping[str, Callable[[EmbedderSettings], Embedder]] = {
    "open_clip": on_devices(find_open_clip, load_open_clip),
    "timm": on_devices(find_timm, load_timm),
    "onnx": load_onnx,
    "http": connect_http,
    "descriptor": lambda _: DescriptorEmbedder(),
    "dhash": lambda _: DifferenceHashEmbedder(),
}


@dataclass(frozen=True)
class EmbedderChoice:
    """The provider in use, and for each one tried before it "name: why not".

    As a context manager it ends the processes and threads that the provider started.
    """

    embedder: Embedder
    fallback_reasons: tuple[str, ...]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if isinstance(self.embedder, ProcessesEmbedder | TorchEmbedder):
            self.embedder.close()


def choose_embedder(order: Sequence[str], settings: EmbedderSettings, reasons: Sequence[str] = ()) -> EmbedderChoice:
    """Try the providers of `order` one after the other and return the first that can work.

    `reasons` are those why providers before them are not used.

    Raises:
        ValueError: a name of the order is not that of a provider.
        NoEmbedderError: none can work; the text holds every reason.
        EmbedderConfigurationError: the address or credential of one is wrong; those behind it are not tried.
    """
    unknown = [name for name in order if name not in PROVIDERS]
    if unknown:
        raise ValueError(f"unknown embedding provider '{unknown[0]}'; known are {', '.join(PROVIDERS)}")
    why_not = list(reasons)
    for name in order:
        try:
            return EmbedderChoice(PROVIDERS[name](settings), tuple(why_not))
        except EmbedderUnavailableError as error:
            why_not.append(f"{name}: {error}")
    raise NoEmbedderError("no embedding provider can be used: " + "; ".join(why_not or ["the order is empty"]))


def fall_back(
    failed: EmbedderChoice, error: EmbedderUnavailableError, order: Sequence[str], settings: EmbedderSettings
) -> EmbedderChoice:
    """The next provider of `order` after one that stopped working and was closed: both may want one device.

    Raises:
        NoEmbedderError: there is none; the text holds every reason.
        EmbedderConfigurationError: the address or credential of the next one is wrong.
    """
    name = failed.embedder.name
    return choose_embedder(
        order[order.index(name) + 1 :], settings, (*failed.fallback_reasons, f"{name} stopped working: {error}")
    )
