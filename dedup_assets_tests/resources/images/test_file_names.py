import os

from hypothesis import given
from hypothesis import strategies as st

from dedup_assets.resources.images.file_names import raw_name, readable_name


@given(
    st.lists(st.sampled_from([b"a", b"\xff", b"\xc3", "\xe9".encode(), "\uef80".encode(), "\uefff".encode(), b"\x80"]))
)
def test_every_name_survives_and_can_be_stored_as_text(parts: list[bytes]) -> None:
    raw = os.fsdecode(b"".join(parts))
    readable = readable_name(raw)
    readable.encode("utf-8")
    assert raw_name(readable) == raw


@given(st.lists(st.binary(max_size=4), unique=True))
def test_different_names_stay_different(names: list[bytes]) -> None:
    assert len({readable_name(os.fsdecode(name)) for name in names}) == len(names)


def test_ordinary_names_stay_as_they_are() -> None:
    for name in ("a b.jpg", "für.jpg", "fu\u0308r.jpg", "😀.jpg", "100%#?.jpg", "new\nline"):
        assert readable_name(name) == name
