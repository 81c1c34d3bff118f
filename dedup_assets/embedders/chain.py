"""The choice of the provider: the first of the configured order that can work, or the one of a model that is asked for.

Belongs here: trying them in order and keeping the reasons. Does not belong here: any provider's own code, or which model a
store keeps (`stages/vectors/kept_model.py`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from dedup_assets.embedders.descriptor import DescriptorEmbedder
from dedup_assets.embedders.devices import ProcessesEmbedder, on_devices
from dedup_assets.embedders.dhash import DifferenceHashEmbedder
from dedup_assets.embedders.http import connect_http
from dedup_assets.embedders.onnx import find_onnx, load_onnx
from dedup_assets.embedders.open_clip import find_open_clip, load_open_clip
from dedup_assets.embedders.protocol import Embedder, ModelName
from dedup_assets.embedders.provider_settings import EmbedderSettings
from dedup_assets.embedders.timm import find_timm, load_timm
from dedup_assets.embedders.torch_embedder import TorchEmbedder
from dedup_assets.errors import EmbedderConfigurationError, EmbedderUnavailableError, NoEmbedderError, SettingsError

PROVIDERS: Mapping[str, Callable[[EmbedderSettings], Embedder]] = {
    "open_clip": on_devices(find_open_clip, load_open_clip),
    "timm": on_devices(find_timm, load_timm),
    "onnx": load_onnx,
    "http": connect_http,
    "descriptor": lambda _: DescriptorEmbedder(),
    "dhash": lambda _: DifferenceHashEmbedder(),
}

FINDERS: Mapping[str, Callable[[EmbedderSettings], object]] = {
    "open_clip": find_open_clip,
    "timm": find_timm,
    "onnx": find_onnx,
    "http": connect_http,
    "descriptor": lambda _: None,
    "dhash": lambda _: None,
}
"""Say whether there is a model, without loading it."""

BUILT_IN = ("descriptor", "dhash")
"""Their parameters come with this program: no machine with the same version lacks them, and none has those of another."""


@dataclass(frozen=True)
class EmbedderChoice:
    """The provider in use, and for each one that the order prefers "name: why not".

    As a context manager it ends the processes and threads that the provider started.
    """

    embedder: Embedder
    fallback_reasons: tuple[str, ...]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if isinstance(self.embedder, ProcessesEmbedder | TorchEmbedder):
            self.embedder.close()


def choose_embedder(order: Sequence[str], settings: EmbedderSettings) -> EmbedderChoice:
    """Try the providers of `order` one after the other and return the first that can work.

    Raises:
        SettingsError: a name of the order is not that of a provider.
        NoEmbedderError: none can work; the text holds every reason.
        EmbedderConfigurationError: the address or credential of one is wrong; those behind it are not tried.
    """
    unknown = [name for name in order if name not in PROVIDERS]
    if unknown:
        raise SettingsError(f"Unknown embedding provider '{unknown[0]}'; known are {', '.join(PROVIDERS)}.")
    why_not: list[str] = []
    for name in order:
        try:
            return EmbedderChoice(PROVIDERS[name](settings), tuple(why_not))
        except EmbedderUnavailableError as error:
            why_not.append(f"{name}: {error}")
    raise NoEmbedderError("no embedding provider can be used: " + "; ".join(why_not or ["the order is empty"]))


def choose_same(model: ModelName, order: Sequence[str], settings: EmbedderSettings) -> EmbedderChoice:
    """The provider that a model is named after, or another of `order` that has the same model.

    Raises:
        NoEmbedderError: none has it; the text says why the one that it is named after has not.
        EmbedderConfigurationError: the address or credential of one is wrong.
    """
    why_not: list[str] = []
    for name in dict.fromkeys((model.provider, *order)):
        try:
            choice = choose_embedder([name], settings)
        except EmbedderConfigurationError:
            raise
        except NoEmbedderError as error:
            why_not.append(str(error))
            continue
        found = ModelName.of(choice.embedder)
        if found[1:] == model[1:] or (name == model.provider and name in BUILT_IN):
            return choice
        with choice:
            why_not.append(f"{name} is {found} here")
    raise NoEmbedderError(why_not[0])


def why_not_preferred(provider: str, order: Sequence[str], settings: EmbedderSettings) -> dict[str, str]:
    """Why those that an order prefers to a provider cannot be used here, by name; "" where one can.

    All of the order is preferred to a provider that is not in it.

    Raises:
        EmbedderConfigurationError: the address or credential of one is wrong.
    """
    preferred = order[: order.index(provider)] if provider in order else order
    return {name: _why_not(name, settings) for name in preferred}


def _why_not(name: str, settings: EmbedderSettings) -> str:
    try:
        FINDERS[name](settings)
    except EmbedderUnavailableError as error:
        return str(error)
    return ""
