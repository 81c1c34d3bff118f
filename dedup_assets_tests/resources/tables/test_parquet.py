"""One Parquet file in an object store."""

import io
from pathlib import Path
from typing import Any

import obstore
import polars as pl
import pyarrow.parquet as pq
import pytest
from obstore.store import LocalStore

from dedup_assets.contracts import Column, Table
from dedup_assets.errors import TableContractError
from dedup_assets.resources.tables.parquet import encode_parquet, open_parquet, to_frame

COINS = Table(
    "coins", "Coins.", ("coin_id",), (Column("coin_id", pl.Int64, "Id"), Column("picture", pl.Binary, "Bytes"))
)


def coins(count: int) -> pl.DataFrame:
    return pl.DataFrame(
        {"coin_id": range(count), "picture": [bytes([n % 256]) * 4 for n in range(count)]}, schema=COINS.schema
    )


def test_a_frame_comes_back_as_it_was_and_its_columns_alone(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    obstore.put(store, "a/coins.parquet", encode_parquet(COINS, coins(1200)))
    file = open_parquet(store, "a/coins.parquet")
    assert to_frame(file.read()).equals(coins(1200))
    assert file.num_row_groups == -(-1200 // COINS.rows_at_once)
    assert to_frame(file.read_row_group(2, columns=["coin_id"]))["coin_id"].to_list() == list(range(1000, 1200))


def test_equal_frames_have_equal_bytes_however_they_lie_in_memory() -> None:
    whole = coins(1200)
    in_pieces = pl.concat([whole[start : start + 32] for start in range(0, 1200, 32)], rechunk=False)
    assert in_pieces.n_chunks() > 1
    assert encode_parquet(COINS, in_pieces) == encode_parquet(COINS, whole)


def test_the_bytes_are_those_that_pyarrow_writes_of_the_whole_at_once() -> None:
    sink, arrow = io.BytesIO(), coins(1200).to_arrow(compat_level=pl.CompatLevel.oldest())
    codecs = {"coin_id": "zstd", "picture": "none"}
    encodings: dict[str, Any] = {
        "compression": codecs,
        "use_dictionary": ["coin_id"],
        "write_statistics": ["coin_id"],
        "write_page_checksum": True,
    }
    pq.write_table(arrow, sink, COINS.rows_at_once, **encodings)
    assert b"".join(encode_parquet(COINS, coins(1200))) == sink.getvalue()


def test_a_frame_that_breaks_its_contract_gets_no_bytes() -> None:
    with pytest.raises(TableContractError, match="stands twice"):
        encode_parquet(COINS, pl.concat([coins(2), coins(1)]))


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        open_parquet(LocalStore(tmp_path), "none.parquet")
