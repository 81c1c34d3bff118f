import pytest

from dedup_assets.embedders.chain import FINDERS, PROVIDERS, choose_embedder, choose_same, why_not_preferred
from dedup_assets.embedders.protocol import ModelName
from dedup_assets.embedders.provider_settings import EmbedderSettings
from dedup_assets.errors import EmbedderConfigurationError, NoEmbedderError, SettingsError


def test_by_default_the_built_in_descriptor_is_used_without_any_fallback() -> None:
    choice = choose_embedder(("descriptor", "dhash"), EmbedderSettings())
    assert choice.embedder.name == "descriptor"
    assert choice.fallback_reasons == ()


def test_every_provider_that_cannot_work_says_why_before_the_next_is_tried() -> None:
    choice = choose_embedder(("open_clip", "timm", "http", "dhash"), EmbedderSettings())
    assert choice.embedder.name == "dhash"
    assert choice.fallback_reasons == (
        "open_clip: no checkpoint is configured",
        "timm: no checkpoint is configured",
        "http: no http_url is configured",
    )


def test_without_any_provider_the_error_holds_every_reason() -> None:
    nobody = EmbedderSettings(http_url="http://127.0.0.1:9/embeddings", http_attempts=1)
    with pytest.raises(NoEmbedderError, match=r"open_clip: no checkpoint.*; http: 127\.0\.0\.1:9 does not answer"):
        choose_embedder(("open_clip", "http"), nobody)


def test_no_other_provider_takes_the_place_of_one_that_is_configured_wrongly() -> None:
    with pytest.raises(EmbedderConfigurationError, match=r"example\.org of http_url is not in http_allowed_hosts"):
        choose_embedder(("http", "dhash"), EmbedderSettings(http_url="http://example.org/embeddings"))


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(SettingsError, match="Unknown embedding provider 'clip'; known are open_clip"):
        choose_embedder(("clip",), EmbedderSettings())


def test_the_default_order_names_known_providers_that_need_no_network() -> None:
    assert {"descriptor", "dhash"} <= set(PROVIDERS)


def test_a_model_is_made_by_whoever_has_it() -> None:
    served = ModelName("http", "dhash-16x16", "1")
    assert choose_same(served, ("descriptor", "dhash"), EmbedderSettings()).embedder.name == "dhash"
    with pytest.raises(NoEmbedderError, match=r"^no embedding provider can be used: http: no http_url is configured$"):
        choose_same(served, ("descriptor",), EmbedderSettings())


def test_of_those_that_are_preferred_it_is_told_why_they_are_not_used_and_which_could_be() -> None:
    order = ("timm", "descriptor", "open_clip", "dhash")
    missing = {"timm": "no checkpoint is configured", "descriptor": "", "open_clip": "no checkpoint is configured"}
    assert why_not_preferred("dhash", order, EmbedderSettings()) == missing
    assert why_not_preferred("timm", order, EmbedderSettings()) == {}
    assert why_not_preferred("onnx", order, EmbedderSettings()) == missing | {"dhash": ""}
    assert FINDERS.keys() == PROVIDERS.keys()
