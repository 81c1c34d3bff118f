import pytest

from dedup_assets.kernels.keep.copy_names import plain_stems, stem_of

COPIES_OF_A = (
    "a (1).jpg", "a(1).jpg", "a [2].jpg", "a_(3).jpg", "a~2.jpg", "a_1.jpg", "a-1.jpg", "a 2.jpg", "a.1.jpg", "a (12).JPG",
    "a copy.jpg", "a copy 2.jpg", "a-copy.jpg", "a_copy1.jpg", "a - Copy.jpg", "a - Copy (2).jpg", "a – Kopie.jpg",
    "a - Kopie (3).png",
    "a (copy).jpg", "a (another copy).jpg", "a (3rd copy).jpg", "a (Kopie).jpg", "a (copie 2).jpg", "Copy of a.jpg",
    "Copy (2) of a.jpg", "Kopie von a.jpg", "Kopie - a.jpg", "Copie de a.jpg", "Copia de a.jpg", "Copia di a.jpg", "Cópia de a.jpg",
    "a - copia.jpg", "a - Cópia (2).jpg", "Kopi av a.jpg", "a - kopia.jpg", "a - Másolat.jpg", "a - Kopya.jpg", "Копия a.jpg",
    "a — копия (2).jpg", "a - 副本.jpg", "复件 a.jpg", "複製 -a.jpg", "a - コピー (2).jpg", "aのコピー.jpg", "a 복사본.jpg",
    "a (Ann's conflicted copy 2024-01-01).jpg", "a.sync-conflict-20240101-101010-ABCDEF.jpg", "a.jpg.1", "a.jpg~", "a.jpg.bak",
    "a.jpg_original", "a.jpg (1)",
)  # fmt: skip


@pytest.mark.parametrize("name", COPIES_OF_A)
def test_programs_of_many_systems_and_languages_made_these_names_of_one(name: str) -> None:
    assert "a" in plain_stems(stem_of(f"album/{name}"))


@pytest.mark.parametrize("name", ["a (1) (1).jpg", "Copy of a (2).jpg", "a - Copy - Copy.jpg"])
def test_a_copy_of_a_copy_has_both_names_before_it(name: str) -> None:
    stems = list(plain_stems(stem_of(name)))
    assert "a" in stems
    assert len(stems) > 1


@pytest.mark.parametrize(
    "name",
    [
        "a.jpg",
        "copy.jpg",
        "Kopie.jpg",
        "photo 2024.jpg",
        "IMG_20240101.jpg",
        "a (first).jpg",
        "photocopy.jpg",
        "(1).jpg",
        "",
    ],
)
def test_these_are_names_of_their_own(name: str) -> None:
    assert list(plain_stems(stem_of(name))) == []


def test_capitals_and_ways_to_write_an_accent_do_not_count() -> None:
    assert stem_of("x/BÄR.JPG") == stem_of("y/ba\u0308r.jpeg") == "bär"


def test_a_name_of_many_copies_has_each_plain_name_once() -> None:
    stems = list(plain_stems("copy " * 12 + "a" + " copy" * 12))
    assert "a" in stems
    assert len(stems) == len(set(stems)) < 1_000
