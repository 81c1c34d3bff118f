import pytest

from dedup_assets.kernels.decode.causes import plain_cause


@pytest.mark.parametrize(
    ("complaint", "cause"),
    [
        ("broken PNG file (bad header checksum in b'IDAT')", "the checksum of its part IDAT is wrong"),
        ("broken PNG file (chunk b'\\xf3\\x02aa')", "its parts do not follow one another"),
        ("decoder error -2", "its picture data contradict themselves"),
        ("broken data stream when reading image file", "its picture data contradict themselves"),
        ("cannot handle 12-bit layers", "it has 12-bit samples, and only 8-bit ones are read"),
        ("Unsupported BMP pixel depth (64)", "it has 64 bits a pixel"),
        ("not a PNG file", "its header is broken"),
        ("unpack_from requires a buffer of at least 4 bytes", "its header is broken"),
    ],
)
def test_what_a_decoder_complains_of_is_said_in_words_for_people(complaint: str, cause: str) -> None:
    assert plain_cause(complaint) == cause


@pytest.mark.parametrize("complaint", ["-9", "<_io.BytesIO object at 0x7f00>", "'NoneType' object is not callable"])
def test_a_complaint_about_the_decoder_is_not_passed_on(complaint: str) -> None:
    assert plain_cause(complaint) is None
