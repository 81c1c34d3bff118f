"""Our own embedding service in a thread, for tests of it and of those who ask it."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

from dedup_assets.embedders.protocol import Embedder
from dedup_assets.embedders.server import EmbeddingServer
from dedup_assets.stages.reading.isolated_decoding import SentPictures


@contextmanager
def serving(embedder: Embedder) -> Iterator[str]:
    """Serve a provider on a free port of this machine; yields the address."""
    with SentPictures() as pictures:
        server = EmbeddingServer("127.0.0.1", 0, embedder, pictures.read)
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.url
        finally:
            server.should_exit = True
            thread.join()
