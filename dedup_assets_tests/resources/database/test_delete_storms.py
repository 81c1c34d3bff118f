"""Many hands that delete and write at once: whatever they do, groups stay whole and nobody gets an error."""

import random
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from dedup_assets.resources.database.image_rows import remove_images, upsert_images
from dedup_assets_tests.resources.database.rows import content, embed, enter, image, put, scalars, sources, waiting

GROUPS, IMAGES = 12, 90
STEPS = 25


def assert_whole(database: psycopg.Connection) -> None:
    """Each group has one representative, at which all its images point; no vector outlives its last image."""
    broken = """
        SELECT store_id, group_id FROM dedup.image GROUP BY store_id, group_id
        HAVING count(*) FILTER (WHERE is_embedding_representative) <> 1
            OR count(DISTINCT embedding_source_id) <> 1 OR count(embedding_source_id) <> count(*)
            OR min(embedding_source_id) <> min(image_id) FILTER (WHERE is_embedding_representative)"""
    assert database.execute(broken.encode()).fetchall() == []
    dead = "SELECT count(*) FROM dedup.image_embedding WHERE file_sha256 NOT IN (SELECT file_sha256 FROM dedup.image)"
    assert scalars(database, dead) == [0]


class Hand:
    """One of those who work on the same rows, each with a connection and dice of its own."""

    def __init__(self, conninfo: str, seed: int) -> None:
        self.conninfo, self.dice = conninfo, random.Random(seed)

    def work(self) -> None:
        with psycopg.connect(self.conninfo) as connection:
            stores = [enter(connection, store) for store in ("one", "other")]
            connection.commit()
            for _ in range(STEPS):
                with connection.transaction():
                    for _ in range(self.dice.choice((1, 1, 1, 3))):
                        self.step(connection, self.dice.choice(stores))

    def step(self, connection: psycopg.Connection, store: int) -> None:
        some = [self.dice.randrange(1, IMAGES) for _ in range(self.dice.choice((1, 5, 30)))]
        match self.dice.randrange(5):
            case 0:
                connection.execute("DELETE FROM dedup.image WHERE is_embedding_representative AND random() < 0.3")
            case 1:
                connection.execute("DELETE FROM dedup.image WHERE image_id = ANY (%s)", (some,))
            case 2:
                remove_images(connection, store, some)
            case 3:
                embed(connection, *{number % 40 for number in some if number % 40 in self.known(connection)})
            case _:
                rows = [image(number, f"g{self.dice.randrange(GROUPS)}", of=number % 40) for number in set(some)]
                firsts = {row.group_id: row.image_id for row in rows if self.dice.random() < 0.7}
                kept = set(firsts.values())
                upsert_images(
                    connection, store, [row._replace(is_embedding_representative=row.image_id in kept) for row in rows]
                )

    def known(self, connection: psycopg.Connection) -> set[int]:
        """The contents that some image has, held until the end of the transaction."""
        connection.execute("SELECT dedup.wait_for_turn()")
        present = {row[0] for row in connection.execute("SELECT file_sha256 FROM dedup.image")}
        return {number for number in range(40) if content(number) in present}


@pytest.mark.parametrize("seed", [1])
def test_many_hands_that_delete_and_write_at_once_leave_every_group_whole(
    database: psycopg.Connection, seed: int
) -> None:
    put(database, [image(number, f"g{number % GROUPS}", of=number % 40) for number in range(1, IMAGES)], "one")
    database.commit()
    conninfo = database.info.dsn
    with ThreadPoolExecutor(4) as pool:
        for hand in [pool.submit(Hand(conninfo, 10 * seed + number).work) for number in range(4)]:
            hand.result()
    assert_whole(database)


def test_the_next_in_line_is_deleted_while_the_representative_is(database: psycopg.Connection) -> None:
    put(database, [image(1, "g", True), *(image(number, "g") for number in range(2, 6))])
    embed(database, 1)
    database.execute("DELETE FROM dedup.image WHERE image_id = 2")
    with psycopg.connect(database.info.dsn) as other, ThreadPoolExecutor(1) as pool:
        waits = pool.submit(other.execute, "DELETE FROM dedup.image WHERE image_id = 1")
        database.execute("DELETE FROM dedup.image WHERE image_id = 3")
        database.commit()
        waits.result()
        other.commit()
    assert_whole(database)
    assert sources(database) == {4: (4, True), 5: (4, False)}
    assert waiting(database) == [4]


def test_ten_thousand_representatives_are_deleted_in_one_statement(database: psycopg.Connection) -> None:
    enter(database)
    database.execute(
        "INSERT INTO dedup.image (store_id, image_id, path, file_sha256, group_id, keep_rank)"
        " SELECT 1, number, number || '.jpg', sha256(number::text::bytea), 'g' || number / 2, number"
        " FROM generate_series(2, 20001) AS number"
    )
    database.execute("SELECT dedup.heal_groups(array_agg(store_id), array_agg(group_id)) FROM dedup.image")
    database.commit()
    database.execute("DELETE FROM dedup.image WHERE is_embedding_representative")
    database.commit()
    assert_whole(database)
    assert scalars(database, "SELECT count(*) FROM dedup.orphaned_images") == [10_000]
