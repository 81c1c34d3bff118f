"""What a measurement leaves behind: a table, a picture, contact sheets, and the policies to choose from.

Belongs here: the files of a calibration, and where they may go. Does not belong here: measuring, words for the terminal
(`telling.py`).
"""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import yaml

from dedup_assets.calibration.curves import FAMILIES, UNRELATED, CurvePoint, curve_of, family_total
from dedup_assets.calibration.outcome import Calibration
from dedup_assets.calibration.ranges import RANGES
from dedup_assets.errors import CalibrationError
from dedup_assets.report.contact_sheet import contact_sheet
from dedup_assets.report.plain_words import counted
from dedup_assets.report.plots import ThresholdPanel, threshold_curves
from dedup_assets.resources.locations import FolderLocation, parse_location, path_inside

TABLE, PICTURE, POLICIES_FILE = "calibration.csv", "calibration.png", "policies.yaml"
DUPLICATES_SHEET, LET_THROUGH_SHEET = "sample_duplicates.jpg", "let_through.jpg"
FILES = frozenset({TABLE, PICTURE, POLICIES_FILE, DUPLICATES_SHEET, LET_THROUGH_SHEET})
HEADER = "threshold,value,is_present,kind,family,pairs,recall,false_pairs,false_per_million,false_per_million_at_most"
MAX_SHOWN_PAIRS = 24


def prepare_folder(out: str, source: str) -> Path:
    """The folder for the results, which is new, empty, or holds the results of an earlier calibration.

    Raises:
        CalibrationError: it is no folder, lies in the source, or holds anything else.
    """
    location = parse_location(out)
    if not isinstance(location, FolderLocation):
        raise CalibrationError(f"{out} is no folder: give --out a folder on this machine.")
    if path_inside(location, parse_location(source)) is not None:
        raise CalibrationError(f"{out} lies in {source}, which is never written to: give --out a folder elsewhere.")
    folder = location.path
    if folder.exists() and not _is_ours(folder):
        raise CalibrationError(f"{out} holds something else than a calibration: give --out a new folder.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CalibrationError(f"{out} cannot be made: {error.strerror}. Give --out another folder.") from error
    return folder


def _is_ours(folder: Path) -> bool:
    if not folder.is_dir() or not {path.name for path in folder.iterdir()} <= FILES:
        return False
    table = folder / TABLE
    return not any(folder.iterdir()) or (table.exists() and table.read_bytes().startswith(HEADER.encode()))


def write_results(folder: Path, calibration: Calibration) -> list[str]:
    """Write the files of a calibration, replacing those of an earlier one, and return their names."""
    files = {
        TABLE: table_of(calibration.points).encode(),
        PICTURE: picture_of(calibration),
        POLICIES_FILE: policies_of(calibration).encode(),
    }
    for name, pairs in ((DUPLICATES_SHEET, calibration.duplicates), (LET_THROUGH_SHEET, calibration.let_through)):
        if pairs:
            files[name] = _sheet(calibration, pairs)
    for name in FILES:
        (folder / name).unlink(missing_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return list(files)


def table_of(points: Sequence[CurvePoint]) -> str:
    """All points as CSV, a row a threshold, value and kind of pairs; recall only where pairs show the same picture."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(HEADER.split(","))
    for point in sorted(points, key=lambda each: (list(RANGES).index(each.threshold), each.value)):
        about = (point.threshold, f"{point.value:g}", point.is_present, point.kind, point.family, point.pairs)
        if point.family == "different":
            rates = f"{1e6 * point.share:.1f}", f"{point.per_million_at_most:.1f}"
            rows.writerow([*about, "", point.passed, *rates])
        else:
            rows.writerow([*about, f"{point.share:.4f}", "", "", ""])
    return text.getvalue()


def picture_of(calibration: Calibration) -> bytes:
    """The curves of all thresholds as a PNG."""
    sample = calibration.sample
    title = (
        f"{counted(len(sample.planted), 'edit')} planted in {counted(len(sample.images), 'image')}, "
        f"{counted(calibration.unrelated, 'unrelated pair')}"
    )
    return threshold_curves([_panel(calibration.points, name) for name in RANGES], title)


def _panel(points: Sequence[CurvePoint], name: str) -> ThresholdPanel:
    curve = curve_of(points, name)
    totals = {family: [family_total(own, family) for own in curve.values()] for family in FAMILIES}
    unrelated = [next(point for point in own if point.kind == UNRELATED) for own in curve.values()]
    return ThresholdPanel(
        name=name,
        present=next(point.value for point in unrelated if point.is_present),
        values=list(curve),
        shares={family: [total.share for total in own if total] for family, own in totals.items() if all(own)},
        per_million=[1e6 * point.share for point in unrelated],
        per_million_at_most=[point.per_million_at_most for point in unrelated],
    )


def policies_of(calibration: Calibration) -> str:
    """The present values in the form that `--policies` takes, to be edited by a person."""
    sections: dict[str, dict[str, float]] = {}
    for name, value in calibration.present.values.items():
        sections.setdefault(RANGES[name][0], {})[name] = value
    return yaml.safe_dump(sections, sort_keys=False)


def _sheet(calibration: Calibration, pairs: Sequence[tuple[int, int]]) -> bytes:
    thumbnails = [image.description.thumbnail for image in calibration.sample.images]
    return contact_sheet([[thumbnails[left], thumbnails[right]] for left, right in pairs], max_groups=MAX_SHOWN_PAIRS)
