"""The data dictionary: every table of the project, column by column.

Belongs here: names, types, units, keys and row rules; the asset, the file and the table share one name.
Does not belong here: how tables are stored (`resources/tables/store.py`) or computed (`assets/`).
"""

from dataclasses import replace
from functools import partial

import polars as pl

from dedup_assets.contracts import Column, Table

TIME = pl.Datetime("us", "UTC")
VECTOR = pl.List(pl.Float32)

NO_PICTURES = ("link", "no_image")
"""Of these no picture is expected: symbolic links, and files whose name says nothing and whose first bytes are no image's."""
DECODE_STATUSES = ("ok", "corrupt", "truncated", "unsupported", "too_large", "timed_out", "vanished", *NO_PICTURES)
PAIR_LEVELS = ("generation", "near", "copy", "similar")
LEVELS = ("exact", *PAIR_LEVELS)
COPY_STATES = ("planned", "begun", "copied", "failed", "stale", "changed")
REPORT_STATUSES = ("Best", "Duplicate", "Unreadable")

IMAGE_ID = Column("image_id", pl.Int64, "One blob: a positive number derived from its path, the same in every run")
PATH = Column("path", pl.String, "Path of the blob below the source, '/' between its parts")
FILE_SHA256 = Column("file_sha256", pl.Binary, "SHA-256 of the bytes", "32 bytes")
SIZE_BYTES = Column("size_bytes", pl.Int64, "Size of the blob", "bytes")


_optional = partial(Column, nullable=True)
_FILE_SHA256_IF_READ = replace(FILE_SHA256, nullable=True)


def _pair_columns(what: str) -> tuple[Column, ...]:
    return (
        Column("left_id", pl.Int64, f"Lower image_id of the {what}"),
        Column("right_id", pl.Int64, f"Higher image_id of the {what}"),
        Column("left_sha256", pl.Binary, "SHA-256 of the left image's bytes", "32 bytes"),
        Column("right_sha256", pl.Binary, "SHA-256 of the right image's bytes", "32 bytes"),
    )


_EVIDENCE_COLUMNS = (
    Column("verdict", pl.Boolean, "True where the pair passed the tests of its level"),
    _optional("level", pl.String, f"Level of duplicate: one of {', '.join(PAIR_LEVELS)}"),
    Column("decided_by", pl.String, "The test that decided"),
    _optional("transform", pl.String, "How the left image turns into the right one"),
    _optional("relation", pl.String, "Which of the two shows more of the picture"),
    _optional("color_score", pl.Float64, "Agreement of colour, high is alike", "0..1"),
    _optional("structure_score", pl.Float64, "Share of aligned windows that correlate, high is alike", "0..1"),
    _optional("correlation", pl.Float64, "Mean local correlation of the aligned pictures, high is alike", "-1..1"),
    _optional("local_inliers", pl.Int64, "Local features that agree with one geometric fit", "features"),
    _optional("local_coverage", pl.Float64, "Share of the picture that those features cover", "0..1"),
    _optional("overlap_left", pl.Float64, "Share of the left picture that the right one shows", "0..1"),
    _optional("overlap_right", pl.Float64, "Share of the right picture that the left one shows", "0..1"),
    _optional("changed_share", pl.Float64, "Share of both that is a thing in one and not in the other", "0..1"),
    _optional("blended_share", pl.Float64, "Share in which another picture shows through", "0..1"),
    _optional(
        "fitted_map",
        VECTOR,
        "Where x, y of the left picture lie in the right one, a x + b y + c, d x + e y + f; null where nothing was aligned",
        "fractions of width and height",
    ),
    _optional("differing_tiles", pl.Int32, "Tiles of a page in which the words differ", "tiles of 32 pixels"),
    _optional("tiles", pl.Int32, "Tiles of a page that hold words", "tiles of 32 pixels"),
    Column("policy_version", pl.String, "Digest of the policy under which the pair was judged"),
)

IMAGE_MANIFEST = Table(
    "image_manifest",
    "What is in the source now: one row a blob that may be an image. Nothing is downloaded.",
    ("image_id",),
    (
        IMAGE_ID,
        PATH,
        Column("etag", pl.String, "Changes whenever the bytes change (folders: modification time and size)"),
        SIZE_BYTES,
        Column("created_at", TIME, "When the blob came (folders: modification time)", "UTC"),
        Column("modified_at", TIME, "When the bytes last changed", "UTC"),
        _optional("changed_at", TIME, "When anything of the file last changed (folders: ctime)", "UTC"),
        _optional("device", pl.UInt64, "The device that holds the file (folders)"),
        _optional("inode", pl.UInt64, "Which file of the device it is: hard links share it (folders)"),
        _optional("link_count", pl.Int64, "How many names that file has, listed or not (folders)", "names"),
        _optional("link_target", PATH.dtype, "Of a symbolic link: path of the file of the source that it leads to"),
        _optional("link_error", pl.String, "Of a symbolic link: why it leads to no file of the source"),
    ),
    {"image_id is positive": pl.col("image_id") > 0, "size is not negative": pl.col("size_bytes") >= 0},
)

IMAGE_FEATURES = Table(
    "image_features",
    "Everything that needs the pixels, from one download and one decode: one row an image, readable or not.",
    ("image_id",),
    (
        IMAGE_ID,
        PATH,
        Column("etag", pl.String, "The etag of the bytes that were read"),
        SIZE_BYTES,
        Column("feature_version", pl.Int32, "Version of the feature code; a new one reads the image again"),
        Column("decode_status", pl.String, f"One of {', '.join(DECODE_STATUSES)}"),
        _optional("decode_error", pl.String, "Why the image cannot be read, as a sentence"),
        _FILE_SHA256_IF_READ,
        _optional("image_format", pl.String, "Format as the decoder names it"),
        _optional("color_mode", pl.String, "Pixel layout in the file"),
        _optional("width_px", pl.Int32, "Width of the upright picture", "pixels"),
        _optional("height_px", pl.Int32, "Height of the upright picture", "pixels"),
        _optional("exif_orientation", pl.Int32, "EXIF orientation that was applied", "1..8"),
        _optional("wavelet_hash", pl.Binary, "Haar wavelet hash of gray_64, 16x16 bits", "32 bytes"),
        _optional("dct_hash", pl.Binary, "DCT hash of gray_64, 16x16 bits", "32 bytes"),
        _optional("inner_wavelet_hash", pl.Binary, "The same without uniform borders", "32 bytes"),
        _optional("inner_dct_hash", pl.Binary, "The same without uniform borders", "32 bytes"),
        _optional("inner_box", VECTOR, "Left, top, width, height inside uniform borders", "shares 0..1"),
        _optional("gray_64", pl.Binary, "64x64 gray picture, aspect ignored", "4096 bytes"),
        _optional("contrast", pl.Float64, "Standard deviation of gray_64", "0..127"),
        _optional("detail", pl.Float64, "Signal that the picture offers to a perceptual hash"),
        _optional("color_8", pl.Binary, "8x8 RGB picture, aspect ignored", "192 bytes"),
        _optional(
            "dominant_colors", pl.Int32, "Colours of 4 levels a channel that hold at least 5 % of the pixels", "colours"
        ),
        _optional("colourfulness", pl.Float64, "Mean distance from gray in opponent colours", "0..200"),
        _optional("sharpness", pl.Float64, "Mean absolute Laplacian, comparable at equal size", "gray levels"),
        _optional("jpeg_quality", pl.Int32, "JPEG quality by the quantization tables", "1..100"),
        _optional(
            "prior_jpeg_quality", pl.Int32, "Quality of an earlier, coarser JPEG compression that shows", "1..100"
        ),
        _optional("bits_per_pixel", pl.Float64, "File size over pixels", "bits"),
        _optional("chroma_subsampling", pl.String, "JPEG chroma subsampling"),
        _optional(
            "lossy_percent",
            pl.Float64,
            "Steps of what has no JPEG tables, of the standard ones; 0: nothing was lost",
            "percent",
        ),
        _optional("sample_bits", pl.Int32, "Bits of a sample in the file", "8..16"),
        _optional(
            "origin_facts",
            pl.String,
            "What the file tells of: camera, time, place, description, colours; null: nothing, or unknown",
        ),
        _optional("frame_count", pl.Int32, "Frames of a film or pages of a document; 1 for a still", "frames"),
        _optional(
            "frame_digests", pl.Binary, "Checksums of the compressed bytes of all frames", "4 bytes a frame, bytes"
        ),
        _optional(
            "further_frames",
            pl.Binary,
            "At most 8 frames: moment, place, DCT hash, 16x16 gray",
            "296 bytes a frame, bytes",
        ),
        _optional(
            "picture_share",
            pl.Float64,
            "Share of the canvas that is not the fill about a turned or padded picture",
            "0..1",
        ),
        _optional("blockiness", pl.Float64, "How far the 8x8 blocks of a JPEG stand out", "gray levels"),
        _optional("upscale_score", pl.Float64, "How much the picture looks enlarged", "0..1"),
        _optional("resolved_share", pl.Float64, "Share of the side that would hold all structure", "0..1"),
        _optional("thumbnail", pl.Binary, "Upright JPEG, longer side at most 256 px", "bytes"),
        _optional(
            "alpha_thumbnail", pl.Binary, "How opaque the thumbnail is: a gray JPEG; null where it all is", "bytes"
        ),
        _optional(
            "ground_level", pl.Int32, "Gray level of the ground on which a transparent picture was described", "0..255"
        ),
        _optional(
            "fine_gray",
            pl.Binary,
            "Gray JPEG of at most 1,000,000 pixels, of pages, screens and drawings only",
            "bytes",
        ),
        _optional("metadata_text", pl.String, "Raw generation metadata: a JSON object of carrier to text"),
    ),
    {
        "decode_status is known": pl.col("decode_status").is_in(DECODE_STATUSES),
        "a readable image has its features": (pl.col("decode_status") != "ok")
        | pl.all_horizontal(pl.col("file_sha256", "dct_hash", "wavelet_hash", "gray_64", "thumbnail").is_not_null()),
        "an unreadable image has its cause": (pl.col("decode_status") == "ok") | pl.col("decode_error").is_not_null(),
        "hashes are 32 bytes": pl.all_horizontal(
            pl.col("file_sha256", "wavelet_hash", "dct_hash", "inner_wavelet_hash", "inner_dct_hash")
            .bin.size()
            .fill_null(32)
            == 32
        ),
    },
    rows_at_once=100,
)

COMPANION_FILES = Table(
    "companion_files",
    "Files of an image's name that are no images: raw files, films, sidecars. One row for each image that they belong to.",
    ("image_id", "companion_of"),
    (
        replace(IMAGE_ID, description="The file, numbered as images are"),
        PATH,
        Column("etag", pl.String, "Changes whenever the bytes change"),
        Column("companion_of", pl.Int64, "image_id of the image that it goes along with"),
    ),
)

SEEN_FILES = Table(
    "seen_files",
    "What the listing told of each file when its bytes were last found to be those of `image_features`.",
    ("image_id",),
    (
        IMAGE_ID,
        Column("etag", pl.String, "The etag of those bytes"),
        _optional("changed_at", TIME, "When anything of the file had last changed (folders: ctime)", "UTC"),
        _optional("inode", pl.UInt64, "Which file of its device it was (folders)"),
    ),
)

METADATA_HASHES = Table(
    "metadata_hashes",
    "Who was generated by the same recipe: one row an image that carries generation metadata.",
    ("image_id",),
    (
        IMAGE_ID,
        FILE_SHA256,
        Column("tool", pl.String, "The tool whose format the metadata has"),
        Column("parser_version", pl.String, "Version of the parser that read it"),
        Column("parameters", pl.String, "The generation parameters as a JSON object"),
        _optional("prompt", pl.String, "The prompt"),
        _optional("prompt_sha256", pl.String, "SHA-256 of the prompt", "64 hex digits"),
        _optional("canonical_text", pl.String, "Canonical encoding of the recipe, hashed into metadata_hash"),
        _optional(
            "metadata_hash",
            pl.String,
            "Same recipe, same hash; null unless prompt, seed and model are known",
            "64 hex digits",
        ),
        _optional("missing", pl.String, "Names of the main parameters that were not found, with commas"),
        _optional("parse_error", pl.String, "Why the metadata could not be read, as a sentence"),
    ),
)

WAVELET_GROUPS = Table(
    "wavelet_groups",
    "Who might be a duplicate of whom: one row for two near classes of hashes, or a pair of one recipe, that this partition found.",
    ("left_sha256", "right_sha256"),
    (
        *_pair_columns("candidate pair"),
        _optional("dct_distance", pl.Int32, "Hamming distance of the DCT hashes, low is alike", "bits of 256"),
        _optional("wavelet_distance", pl.Int32, "Hamming distance of the wavelet hashes, low is alike", "bits of 256"),
        Column("transform", pl.String, "The turn or mirroring at which the hashes agree, or 'unknown'"),
        Column("same_recipe", pl.Boolean, "True where both carry the same metadata_hash"),
        _optional("left_class", pl.Int64, "Name of the left image's hashes; null for a pair by recipe"),
        _optional("right_class", pl.Int64, "Name of the right image's hashes; null for a pair by recipe"),
        Column(
            "stands_for_more",
            pl.Boolean,
            "True for one pair in place of all with these hashes, asked about when groups are formed; false for one that is alone",
        ),
    ),
    {"left_id is lower than right_id": pl.col("left_id") < pl.col("right_id")},
)

VERIFIED_GROUPS = Table(
    "verified_groups",
    "Who really is a duplicate of whom: one row a candidate pair, with its evidence, passed or rejected.",
    ("left_sha256", "right_sha256"),
    (*_pair_columns("pair"), *_EVIDENCE_COLUMNS),
    {
        "left_id is lower than right_id": pl.col("left_id") < pl.col("right_id"),
        "a passed pair has a level": ~pl.col("verdict") | pl.col("level").is_in(PAIR_LEVELS),
    },
)

STAR_PAIRS = Table(
    "star_pairs",
    "Pairs that were asked about when groups were formed: the best image, and what is near it or near a duplicate of it.",
    VERIFIED_GROUPS.key,
    VERIFIED_GROUPS.columns,
    VERIFIED_GROUPS.rules,
)

REPRESENTATIVES = Table(
    "representatives",
    "Which image each group of exact, same-generation and near-duplicates keeps: one row a readable image.",
    ("image_id",),
    (
        IMAGE_ID,
        FILE_SHA256,
        Column("group_id", pl.String, "The group, named after its oldest image"),
        Column("group_size", pl.Int32, "Images in the group", "images"),
        Column("representative_id", pl.Int64, "image_id of the image that the group keeps"),
        Column("representative_sha256", pl.Binary, "SHA-256 of that image", "32 bytes"),
        Column("is_representative", pl.Boolean, "True for the image that is kept"),
        _optional("level", pl.String, "Level of duplicate against the representative; null for itself"),
        _optional("decided_by", pl.String, "The test that decided against the representative, or the person"),
        Column("keep_rank", pl.Int64, "Place of the image in its group; 0 is kept"),
        Column(
            "quality_score",
            pl.Float64,
            "Real megapixels times the share of quality that compression left; the keep rules decide, not it",
            "megapixels",
        ),
        Column("kept_because", pl.String, "The rule by which the representative won, or whose word, in words"),
    ),
    {
        "the kept image represents itself": pl.col("is_representative")
        == (pl.col("image_id") == pl.col("representative_id"))
    },
)

EMBEDDINGS = Table(
    "embeddings",
    "One vector a kept picture and one a prompt, of the model that stands beside it.",
    ("subject", "content_key", "model", "revision"),
    (
        Column("subject", pl.String, "'image' or 'prompt'"),
        Column("content_key", pl.String, "SHA-256 of the image's bytes or of the prompt", "64 hex digits"),
        _optional("image_id", pl.Int64, "The image whose thumbnail was embedded"),
        Column("provider", pl.String, "Who computed the vector"),
        Column("model", pl.String, "Name of the model"),
        Column("revision", pl.String, "Revision of the model's parameters"),
        _optional("vector", VECTOR, "L2-normalised vector; null where the provider could not embed the picture"),
        _optional("error", pl.String, "Why there is no vector"),
    ),
    {"subject is image or prompt": pl.col("subject").is_in(("image", "prompt"))},
)

SIMILAR_GROUPS = Table(
    "similar_groups",
    "Heavy edits, then look-alikes: one row a pair of kept pictures (or of a kept one and another's duplicate) with its evidence.",
    ("left_sha256", "right_sha256"),
    (
        *_pair_columns("pair"),
        _optional(
            "cosine_similarity",
            pl.Float64,
            "Of the two embeddings, high is alike; null for a member of a group",
            "-1..1",
        ),
        *_EVIDENCE_COLUMNS,
    ),
    {"left_id is lower than right_id": pl.col("left_id") < pl.col("right_id")},
)

NEAREST_PICTURES = Table(
    "nearest_pictures",
    "The nearest neighbours of each kept picture among all of one model, so that the next search compares only what is new.",
    ("file_sha256",),
    (
        FILE_SHA256,
        Column("neighbours", pl.List(pl.Int32), "Rows of this table, sorted by file_sha256, the nearest first"),
        Column("cosines", VECTOR, "Their cosine similarities, high is alike", "-1..1"),
    ),
)

LOCAL_FEATURES = Table(
    "local_features",
    "The local features of each picture that needed them, found once: in the partition where the picture is.",
    ("file_sha256",),
    (
        FILE_SHA256,
        Column("features_version", pl.String, "Version of the detector and of the packing; another one is found again"),
        Column("canvas_width_px", pl.Int16, "Width of the canvas that features lie on", "pixels"),
        Column("canvas_height_px", pl.Int16, "Height of the canvas", "pixels"),
        Column("count", pl.Int16, "Features, the strongest first", "features"),
        Column(
            "codes", pl.Binary, "Projected descriptors, int8, 32 projections one after the other", "bytes", shrinks=True
        ),
        Column("places", pl.Binary, "x and y on the canvas in 128ths of a pixel, uint16", "bytes"),
        Column("shapes", pl.Binary, "Scale in 32nds of an octave, angle in 256ths of a turn, uint8", "bytes"),
        Column("signature", pl.Binary, "Signs of 64 other projections of each feature, uint64", "bytes"),
    ),
    rows_at_once=100,
)

DEDUP_REPORT = Table(
    "dedup_report",
    "What a person reads: every image of the source exactly once, Best, Duplicate or Unreadable.",
    ("image_id",),
    (
        IMAGE_ID,
        PATH,
        _optional(
            "quality_score",
            pl.Float64,
            "Real megapixels times the share of quality that compression left",
            "megapixels",
        ),
        _optional("group_id", pl.String, "The group, named after its oldest image; null for unreadable images"),
        Column("group_size", pl.Int32, "Images in the group", "images"),
        Column("status", pl.String, f"One of {', '.join(REPORT_STATUSES)}"),
        _optional("avg_color_correlation", pl.Float64, "Mean pairwise correlation of colour in the group", "-1..1"),
        _optional("dominant_colors", pl.Int32, "Clusters of colour with at least 5 % of the pixels", "colours"),
        _optional("keep_rank", pl.Int64, "Place of the image in its group; 0 is kept"),
        _optional("level", pl.String, "Level of duplicate against the kept image"),
        _optional("representative_path", pl.String, "The image kept in its place"),
        _optional("kept_because", pl.String, "The rule by which the kept image won, in words"),
        _optional(
            "decided_by", pl.String, "The test that decided against the kept image, or 'person: name, day, reason'"
        ),
        _optional("similar_group_id", pl.String, "Look-alikes: another picture of the same thing, never a duplicate"),
        _optional("cause", pl.String, "Why the image cannot be read"),
        _optional("width_px", pl.Int32, "Width of the upright picture", "pixels"),
        _optional("height_px", pl.Int32, "Height of the upright picture", "pixels"),
        SIZE_BYTES,
        _FILE_SHA256_IF_READ,
        _optional("companions", pl.String, "Names of the files that go along with it, with commas"),
        Column("reclaimable_bytes", pl.Int64, "What deleting all duplicates frees here; links free nothing", "bytes"),
    ),
    {
        "status is known": pl.col("status").is_in(REPORT_STATUSES),
        "an unreadable image has its cause": (pl.col("status") != "Unreadable") | pl.col("cause").is_not_null(),
        "a duplicate says whose": (pl.col("status") != "Duplicate") | pl.col("representative_path").is_not_null(),
    },
)

ORGANIZED_BLOBS = Table(
    "organized_blobs",
    "The organized copy of the source: one row a blob, where it goes, and whether it is there.",
    ("image_id", "etag", "folder"),
    (
        IMAGE_ID,
        PATH,
        Column("etag", pl.String, "The etag of the bytes that the plan is for"),
        Column("folder", pl.String, "'best' or 'duplicates'"),
        Column("destination", pl.String, "Path of the copy, below the container or the source's parent folder"),
        Column(
            "state",
            pl.String,
            f"One of {', '.join(COPY_STATES)}; stale: copied and wanted no more, begun: unknown after a kill",
        ),
        _optional("copy_etag", pl.String, "etag of the copy, by which it can be undone"),
        _optional("cause", pl.String, "Why there is no copy, or why it was left"),
    ),
)


def _departed(table: Table, *key: str) -> Table:
    left_at = Column("left_at", TIME, "When it was found to have left", "UTC")
    described = f"Rows of `{table.name}` whose content left the source, until it returns or is forgotten."
    columns = *table.columns, left_at
    return Table(f"departed_{table.name}", described, (*table.key, *key), columns, rows_at_once=table.rows_at_once)


DEPARTED = {
    IMAGE_FEATURES.name: _departed(IMAGE_FEATURES, "etag"),
    EMBEDDINGS.name: _departed(EMBEDDINGS),
    SIMILAR_GROUPS.name: _departed(SIMILAR_GROUPS),
}
"""By the table whose rows they hold."""

AUXILIARY_TABLES = (COMPANION_FILES, SEEN_FILES, STAR_PAIRS, NEAREST_PICTURES, LOCAL_FEATURES, *DEPARTED.values())
"""Tables that are no asset of their own: what a stage remembers for its next run."""

TABLES = (
    IMAGE_MANIFEST,
    IMAGE_FEATURES,
    METADATA_HASHES,
    WAVELET_GROUPS,
    VERIFIED_GROUPS,
    REPRESENTATIVES,
    EMBEDDINGS,
    SIMILAR_GROUPS,
    DEDUP_REPORT,
    ORGANIZED_BLOBS,
)
