"""What a listing leaves out by its name: what systems put beside images, and what a person does not want.

Belongs here: those names, globs, and counting what they leave out. Does not belong here: what this project wrote itself
(`own_output.py`), which names images have (`image_names.py`).

A glob without a slash is the name of a file or folder wherever it lies, with all that is in the folder; one with a slash is a
path below the source, `**` any number of its parts. Capitals do not count.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import islice

from dedup_assets.resources.images.own_output import tell_left_out

BINS = (
    "$RECYCLE.BIN", "RECYCLER", "RECYCLED", ".Trash*", "**/.local/share/Trash", "#recycle", "@Recycle", ".recycle", ".Recycle.Bin",
    "trashbox", "Network Trash Folder", "files_trashbin", ".dropbox.cache", ".debris",
)  # fmt: skip
OLDER_VERSIONS = (
    ".snapshot", ".snapshots", "~snapshot", "#snapshot", "@Recently-Snapshot", ".zfs", ".stversions", ".sync", "files_versions",
    ".MobileBackups", ".DocumentRevisions-V100", "**/.git/lfs", "**/.git/objects", ".svn", ".hg",
)  # fmt: skip
THUMBNAILS = (
    "@eaDir", ".@__thumb", ".thumb*", "**/.cache/thumbnails", ".xvpics", ".wdmc", "**/appdata_*/preview", "Thumbs.db",
    "ehthumbs.db", "ehthumbs_vista.db", ".picasa.ini", ".photostructure", "*.lrdata", "**/CaptureOne/Cache", "iPod Photo Cache",
    "**/*.photoslibrary/resources/derivatives", "**/*.photoslibrary/resources/proxies", "**/*.*library/Thumbnails",
    "**/*.*library/Previews", "**/iPhoto Library/Thumbnails", "**/iPhoto Library/Previews", "**/*.photolibrary/Data",
    "**/*.photolibrary/Data.noindex", "**/iPhoto Library/Data", "**/iPhoto Library/Data.noindex",
)  # fmt: skip
COMPANIONS = (
    "._*", "__MACOSX", ".AppleDouble", ".AppleDB", ".DS_Store", ".Spotlight-V100", ".fseventsd", ".TemporaryItems", "Icon\r",
    ".localized", "System Volume Information", "desktop.ini", ".directory", ".nomedia", ".pending-*",
    ".tmp.driveupload", ".tmp.drivedownload", ".partial-*",
)  # fmt: skip
BY_DEFAULT = (*BINS, *OLDER_VERSIONS, *THUMBNAILS, *COMPANIONS)
"""`.picasaoriginals` is none of them: it holds the only copies of what was edited."""

_TOKEN = re.compile(r"\*\*/|\*\*|\*|\?|\[!?[^\]]+\]|.", re.DOTALL)
_WORDS = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
_WILD = re.compile(r"[*?\[]")

MOST_COUNTED = 100_000
"""So many files of a folder that is left out are counted."""


class LeftOut:
    """What one listing leaves out: the defaults and `exclude`, but not what `include` names; and how much it was."""

    def __init__(self, exclude: Sequence[str] = (), include: Sequence[str] = ()) -> None:
        self._left_out, self._included = Globs((*BY_DEFAULT, *exclude)), Globs(include) if include else None
        self.counts: Counter[str] = Counter()
        """Files by the glob that left them out."""
        self._told: set[str] = set()

    def glob_of(self, path: str) -> str | None:
        """The glob that leaves out a path, by its name or that of a folder above it; None for what is listed."""
        found = self._left_out.find(path)
        return None if found and self._included and self._included.find(path) else found

    def folder_glob_of(self, path: str) -> str | None:
        """The same of a folder that need not be looked into, for nothing in it can be included."""
        return None if self._included else self.glob_of(path)

    def skips(self, path: str) -> bool:
        """True for a file that is not listed for its name; it is counted."""
        return self._note(path, self.glob_of(path), (path,))

    def prunes(self, folder: str, files: Iterable[str]) -> bool:
        """True for a folder that need not be looked into; of its `files`, which are asked for only then, MOST_COUNTED count."""
        return self._note(folder, self.folder_glob_of(folder), files)

    def _note(self, path: str, glob: str | None, files: Iterable[str]) -> bool:
        if glob and glob not in self._told:
            self._told.add(glob)
            tell_left_out(path, f"its name is like {glob!r}; --include {glob!r} takes it in")
        if glob:
            self.counts[glob] += sum(1 for _ in islice(files, MOST_COUNTED))
        return glob is not None


class Globs:
    """Globs that find paths, 2 microseconds each: what is said of a folder is kept for its files."""

    def __init__(self, globs: Sequence[str]) -> None:
        self._by_name: dict[str, list[tuple[re.Pattern[str], bool, str]]] = defaultdict(list)
        for glob in globs:
            lower = glob.lower().rstrip("/")
            last = lower.rpartition("/")[2]
            pattern = re.compile(_pattern_of(lower.removeprefix("/")), re.DOTALL)
            self._by_name["" if _WILD.search(last) else last].append((pattern, "/" in lower, glob))
        self._of_folder = lru_cache(1_000)(self.find)

    def find(self, path: str) -> str | None:
        """The glob that a path, or a folder above it, is like; None where there is none."""
        folder, _, name = path.rpartition("/")
        above = self._of_folder(folder) if folder else None
        return above or self._find_here(path.lower(), name.lower())

    def _find_here(self, path: str, name: str) -> str | None:
        for pattern, is_path, glob in (*self._by_name.get(name, []), *self._by_name[""]):
            if pattern.fullmatch(path if is_path else name):
                return glob
        return None


def _pattern_of(glob: str) -> str:
    return _TOKEN.sub(lambda found: _WORDS.get(found[0]) or _literal_or_class(found[0]), glob)


def _literal_or_class(text: str) -> str:
    if len(text) == 1:
        return re.escape(text)
    inside = text[1:-1].replace("\\", "\\\\")
    return f"[^{inside[1:]}/]" if inside.startswith("!") else f"[{inside}]"
