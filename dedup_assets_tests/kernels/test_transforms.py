import numpy as np
import pytest

from dedup_assets.kernels.transforms import INVERSE_NUMBERS, INVERSE_TRANSFORMS, TRANSFORMS, transform_image


def test_transforms_mean_what_numpy_means() -> None:
    image = np.arange(24).reshape(4, 6)
    expected = {
        "identity": image,
        "mirror": np.fliplr(image),
        "flip": np.flipud(image),
        "rot90": np.rot90(image, 1),
        "rot180": np.rot90(image, 2),
        "rot270": np.rot90(image, 3),
        "transpose": image.T,
        "transverse": np.rot90(image, 2).T,
    }
    assert set(expected) == set(TRANSFORMS)
    for name, wanted in expected.items():
        np.testing.assert_array_equal(transform_image(image, name), wanted)


@pytest.mark.parametrize(("number", "name"), list(enumerate(TRANSFORMS)))
def test_each_transform_is_undone_by_its_inverse(number: int, name: str) -> None:
    image = np.arange(72).reshape(4, 6, 3)
    undone = transform_image(transform_image(image, name), INVERSE_TRANSFORMS[name])
    np.testing.assert_array_equal(undone, image)
    assert TRANSFORMS[INVERSE_NUMBERS[number]] == INVERSE_TRANSFORMS[name]


def test_the_result_is_contiguous_and_an_unknown_transform_is_refused() -> None:
    image = np.arange(24).reshape(4, 6)
    assert all(transform_image(image, name).flags.c_contiguous for name in TRANSFORMS)
    with pytest.raises(KeyError, match="rot45"):
        transform_image(image, "rot45")
