from hypothesis import given
from hypothesis import strategies as st

from dedup_assets.generation_metadata.carrier_texts import MAX_CARRIERS, CarrierTexts, decode_text, decode_utf16


def test_a_repeated_name_gets_a_number() -> None:
    texts = CarrierTexts()
    for text in ("one", "two", "three"):
        texts.add("Comment", text)
    assert texts.result() == {"Comment": "one", "Comment (2)": "two", "Comment (3)": "three"}


def test_texts_beyond_the_count_are_reported_and_not_kept() -> None:
    texts = CarrierTexts()
    for _ in range(MAX_CARRIERS + 5):
        texts.add("Comment", "x")
    assert len(texts.texts) == MAX_CARRIERS
    assert texts.result()["error"] == f"there are more than {MAX_CARRIERS} metadata texts"


def test_padding_is_no_text() -> None:
    texts = CarrierTexts()
    texts.add("EXIF:UserComment", "\x00" * 100)
    assert texts.result() == {}


def test_bytes_are_utf8_where_they_can_be_and_latin1_otherwise() -> None:
    assert decode_text("テスト é".encode()) == "テスト é"
    assert decode_text("é".encode("latin-1")) == "é"


@given(st.text(alphabet=st.characters(max_codepoint=127, min_codepoint=9), min_size=1), st.booleans(), st.booleans())
def test_ascii_in_utf16_is_read_in_either_byte_order_whatever_is_claimed(text: str, big: bool, claimed: bool) -> None:
    assert decode_utf16(text.encode("utf-16-be" if big else "utf-16-le"), claimed) == text


@given(st.text(alphabet=st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF)), st.booleans())
def test_a_prompt_with_an_infotext_behind_it_keeps_its_chinese(text: str, big: bool) -> None:
    whole = text + "\nSteps: 20, Seed: 1"
    assert decode_utf16(whole.encode("utf-16-be" if big else "utf-16-le"), big_endian_hint=True) == whole


def test_lone_surrogates_are_kept() -> None:
    assert decode_utf16("ab\ud800c".encode("utf-16-le", "surrogatepass"), big_endian_hint=False) == "ab\ud800c"
