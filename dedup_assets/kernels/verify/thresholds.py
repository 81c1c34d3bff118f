"""Every number that changes a verdict, with its reason; measured figures are in `benchmarks/verification.md`.

Here belong the numbers. The tests that use them are in `cascade.py`; a person sets them as `VerificationPolicy`.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]
Correlation = Annotated[float, Field(ge=-1, le=1)]
Inliers = Annotated[int, Field(ge=4, le=400)]


class VerificationThresholds(BaseModel):
    """When two pictures count as the same; all bounds inclusive."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    max_frame_distance: int = Field(default=16, ge=0, le=80)
    """Bits of 256 by which frames or pages of one film or document differ: re-encoded as WebP or APNG or halved 6 at most, as
    fax or JPEG 6 at most; other frames 90 and more, other pages of text from 76 on."""
    turned_copies: Literal["photographs", "all", "none"] = "photographs"
    """Which turned and mirrored pictures are copies: signs, letters and buttons are others, photographs and pages that lie sideways
    are not."""
    max_strict_difference: float = Field(default=4.0, ge=0, le=64)
    """Gray levels by which plain pictures may differ anywhere, after a 3x3 mean: JPEG at quality 30 moves a flat colour or
    gradient by at most 4."""
    max_strict_stretch: ClassVar[float] = 0.03
    """Logarithm of the ratio of the aspect ratios: one pixel of rounding on a side of 32."""
    min_strict_correlation: Correlation = 0.95
    """Correlation of plain pictures, of the little signal there is: 0.95 leaves a tenth of its energy to recompression."""
    min_global_agreement: Share = 0.9
    """Share of windows that correlate without any alignment."""
    min_color_agreement: Share = 0.6
    """Share of coloured pixels of one hue."""
    min_local_inliers: Inliers = 8
    """Local features that one map must explain: an affine map has 6 unknowns, 3 matches; 5 more by chance at 4 px of 256 have
    p = (π 4²/ 256²)^5 = 3e-16 each draw."""
    min_plain_inliers: Inliers = 12
    """The same where a picture is low in detail: one figure in a clear sky has 12 to 60, blank scans, gradients and
    near-black frames none or a few."""
    min_local_agreement: Share = 0.75
    """Share of windows that correlate under the fitted map."""
    min_overlap: Share = 0.6
    """Share of the contained picture that both show: a logo in two corners overlaps in the logo alone."""
    min_shown_share: Share = 0.3
    """Share of the larger picture that both show: a crop of 65 % leaves 0.35, a panel of a grid of four is 0.25 of it."""
    min_framed_share: Share = 0.15
    """The same where what lies around is one plain or blurred frame: a picture of 16:9 takes 0.25 of an upright screen of 20:9,
    one of 21:9 takes 0.19."""
    min_content_share: ClassVar[float] = 0.1
    """Share of the overlap that has any content: shared sky or paper is no evidence."""
    min_tone: Correlation = 0.55
    """Correlation of the pictures as wholes: hazy pictures under one agency's watermark agree in the watermark alone and
    reached 0.52; copies stay above 0.9, with a sticker above 0.6, except on grounds almost wholly plain."""
    min_plain_share: ClassVar[float] = 0.33
    """Share of pixels of one gray level, from which a picture is a drawing, a page or a screen (0.36 to 0.94); 8 of 622
    photographs are, two of them pages indeed."""
    min_drawn_agreement: Share = 0.88
    """Share of windows that correlate where both are drawings, pages or screens: charts of one template with other bars
    reached 0.80."""
    max_conflict: Share = 0.0045
    """Share of the strokes of drawings, pages and screens that contradict each other, and not in one direction only:
    recompressed, resized and cropped ones measured up to 0.0041, but for one blurred chart; one certificate of another person
    and day from 0.0050, a table with other digits from 0.0067, a screen with three other words from 0.010."""
    max_changed_share: Share = 0.0015
    """Share of what both show that is a thing in one and not in the other, 1 accepts all (see `changes/comparing.py`): the least
    that is looked at, 20 px of a frame of 128 by 96, is 0.0016."""
    max_blended_share: Share = 0.45
    """Share of the windows with most content in which another picture shows through: of 1,239 copies of 40 photographs in 94 edits,
    chosen on the first 16, no edit left more but locally equalised contrast, which did in 14 of 40 (above 0.65 in 2); of
    steps of fades that are too far apart and left no more than 0.65, half did."""
    max_pan: Share = 0.05
    """Share of each picture that the other does not show, beyond which two views of one scale are two pictures; 1 accepts all:
    two random crops that leave 95 % of the area lie 2.5 % apart at most."""
    max_parallax: Share = 0.2
    """Share of blocks beside their place, from here on two shots of one scene; 1 accepts stereo pairs and bursts: a stereo pair
    of a motorcycle left 0.31 to 0.36 of them; of 12 photographs in 70 edits each, one whose local contrast was stretched left
    0.26, all others 0.16 at most."""
    min_strays: ClassVar[float] = 0.25
    """Share of local features beside their place, from which parallax is measured at all: 0.64 of the stereo pair's,
    0.41 of the median pair of two layers shifted by 2 %; of copies 0.40 at most, and then no parallax."""
    min_refined_agreement: Share = 0.85
    """Share of windows that correlate after aligning by pixels, which makes the best of any two smooth pictures: unrelated ones
    reached 0.65."""
    min_refined_overlap: ClassVar[float] = 0.8
    min_refinable_correlation: ClassVar[float] = 0.6
    """Of the 64x64 gray images, below which pixel alignment has nothing to converge to."""
    min_near_overlap: Share = 0.85
    """Share of both pictures that makes a copy a near-duplicate: a crop of 10 % and a border of 3 % are still near (0.90,
    0.89); a crop of 20 % is a copy."""
