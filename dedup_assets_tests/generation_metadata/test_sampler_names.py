import pytest

from dedup_assets.generation_metadata.sampler_names import canonical_sampler


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("DPM++ 2M Karras", None), ("dpmpp_2m", "karras")),
        (("DPM++ 2M Karras", "Karras"), ("DPM++ 2M", "Karras")),
        (("euler_ancestral_karras", None), ("Euler a", "Karras")),
        (("DPM++ 2M SDE Exponential", None), ("dpmpp_2m_sde", "exponential")),
        (("euler_simple", None), ("Euler", "simple")),
        (("k_euler_ancestral", None), ("Euler a", "Automatic")),
        (("Euler", "normal"), ("Euler", None)),
        (("DPM++ 2S a", None), ("dpmpp_2s_ancestral", None)),
    ],
)
def test_spellings_of_one_sampler_are_one(one: tuple[str, str | None], other: tuple[str, str | None]) -> None:
    assert canonical_sampler(*one) == canonical_sampler(*other)


def test_samplers_and_schedules_that_differ_stay_apart() -> None:
    names = [
        ("Euler", None),
        ("Euler a", None),
        ("DPM++ 2M", None),
        ("DPM2", None),
        ("Euler", "karras"),
        (None, None),
        ("", None),
    ]
    assert len({canonical_sampler(*name) for name in names}) == len(names)


def test_a_sampler_named_like_a_schedule_is_a_sampler() -> None:
    assert canonical_sampler("simple", None) == ("simple", None)
