"""One small picture of the largest groups: a row a group, the kept image first, in a green frame.

Belongs here: placing thumbnails side by side.
Does not belong here: choosing groups (`assets/`), making thumbnails (`kernels/`).
"""

from collections.abc import Sequence
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont, ImageOps, UnidentifiedImageError

MAX_SHEET_BYTES, MAX_IMAGES = 100_000, 6
_FRAME_PX, _GAP_PX = 4, 8
_PAPER, _PLACE, _MUTED, _KEPT = (251, 250, 247), (226, 226, 220), (109, 120, 114), (29, 122, 76)
_ATTEMPTS = ((144, 85), (144, 70), (128, 60), (112, 50), (96, 40), (72, 30))


def contact_sheet(groups: Sequence[Sequence[bytes]], max_groups: int = 8) -> bytes:
    """Rows of thumbnails as one JPEG below 100 kB.

    `groups` holds the thumbnails (encoded images, at most 256 px matter) of each group, the kept one first. Only the
    first `max_groups` groups and MAX_IMAGES images of each are shown; "+12" at the end of a row tells how many more
    the group has. A thumbnail that cannot be read shows as a grey field. Same input, same bytes.
    """
    shown = [group for group in groups[:max_groups] if group]
    for cell_px, quality in _ATTEMPTS:
        encoded = BytesIO()
        _draw_sheet(shown, cell_px).save(encoded, "JPEG", quality=quality, optimize=True)
        if encoded.tell() < MAX_SHEET_BYTES:
            break
    return encoded.getvalue()


def _draw_sheet(groups: Sequence[Sequence[bytes]], cell_px: int) -> Image.Image:
    step = cell_px + _GAP_PX
    columns = min(MAX_IMAGES, max(map(len, groups), default=2))
    more_px = 48 if any(len(group) > MAX_IMAGES for group in groups) else 0
    sheet = Image.new("RGB", (columns * step + _GAP_PX + more_px, max(1, len(groups)) * step + _GAP_PX), _PAPER)
    if not groups:
        _write(sheet, (_GAP_PX, step // 2), "No groups yet")
    for row, group in enumerate(groups):
        top = _GAP_PX + row * step
        for column, thumbnail in enumerate(group[:MAX_IMAGES]):
            sheet.paste(_cell(thumbnail, cell_px, kept=column == 0), (_GAP_PX + column * step, top))
        if len(group) > MAX_IMAGES:
            _write(sheet, (_GAP_PX + MAX_IMAGES * step, top + cell_px // 2), f"+{len(group) - MAX_IMAGES:,}")
    return sheet


def _cell(thumbnail: bytes, cell_px: int, kept: bool) -> Image.Image:
    cell = Image.new("RGB", (cell_px, cell_px), _PAPER)
    picture = _read(thumbnail)
    picture.thumbnail((cell_px - 2 * _FRAME_PX,) * 2, Image.Resampling.BILINEAR)
    framed = ImageOps.expand(picture, _FRAME_PX, _KEPT if kept else _PAPER)
    cell.paste(framed, ((cell_px - framed.width) // 2, (cell_px - framed.height) // 2))
    return cell


def _read(thumbnail: bytes) -> Image.Image:
    try:
        return Image.open(BytesIO(thumbnail)).convert("RGB")
    except (UnidentifiedImageError, OSError):
        return Image.new("RGB", (256, 256), _PLACE)


def _write(sheet: Image.Image, at: tuple[int, int], words: str) -> None:
    ImageDraw.Draw(sheet).text(at, words, fill=_MUTED, font=ImageFont.load_default(16), anchor="lm")
