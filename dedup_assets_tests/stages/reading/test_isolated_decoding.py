import io
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from dedup_assets.kernels.decode.image import DecodeLimits, UnreadableImage
from dedup_assets.kernels.describe.description import sketch_image
from dedup_assets.stages.reading.isolated_decoding import (
    DecodingTimedOutError,
    IsolatedDecoder,
    is_trusted,
    sketch_or_end,
)
from dedup_assets.stages.workers.processes import ProcessLostError, WorkerProcesses
from dedup_assets_tests.kernels.decode.odd_pngs import png_of
from dedup_assets_tests.spawned import spawned_processes

LIMITS = DecodeLimits()


def encoded(form: str, side: int = 96, **options: bool | str) -> bytes:
    pixels = np.random.default_rng(1).integers(0, 255, (side, side, 3), np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, form, **options)
    return out.getvalue()


def test_common_formats_stay_in_this_process_and_all_others_do_not() -> None:
    assert [is_trusted(encoded(form)) for form in ("JPEG", "PNG", "GIF", "WEBP")] == [True] * 4
    assert [is_trusted(encoded(form)) for form in ("TIFF", "BMP", "JPEG2000", "TGA")] == [False] * 4
    assert not is_trusted(encoded("JPEG", progressive=True))


def test_very_large_pictures_do_not_stay_in_this_process() -> None:
    small, large = (png_of(side, side, 8, 2, b"") for side in (4_000, 6_000))
    assert [is_trusted(small), is_trusted(large)] == [True, False]


def test_what_a_decoder_prints_reaches_no_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    broken = bytearray(encoded("TIFF", compression="tiff_lzw"))
    broken[200:400] = bytes(200)
    with IsolatedDecoder(1, 60) as decoder, pytest.raises(UnreadableImage, match=r"^The TIFF file is damaged: "):
        decoder.sketch(bytes(broken), LIMITS)
    assert capfd.readouterr().err == ""


def test_the_result_is_the_same_in_this_process_and_in_another() -> None:
    data = encoded("TIFF")
    with IsolatedDecoder(1, 60) as decoder:
        there, here = decoder.sketch(data, LIMITS), sketch_image(data, LIMITS)
    assert there.thumbnail == here.thumbnail
    assert np.array_equal(there.gray_64, here.gray_64)


def test_a_verdict_comes_back_from_another_process() -> None:
    with IsolatedDecoder(1, 60) as decoder, pytest.raises(UnreadableImage) as caught:
        decoder.sketch(b"no image at all", LIMITS)
    assert caught.value.status == "unsupported"


def test_an_image_that_takes_too_long_costs_its_deadline_and_the_next_one_is_read() -> None:
    slow = encoded("JPEG2000", side=2400)
    with IsolatedDecoder(1, 60) as decoder:
        decoder.sketch(encoded("TIFF"), LIMITS)
    with IsolatedDecoder(1, 0.1) as decoder, pytest.raises(DecodingTimedOutError, match=r"0\.1 s"):
        decoder.sketch(slow, LIMITS)
    with IsolatedDecoder(1, 60) as decoder:
        assert decoder.sketch(slow, LIMITS).width_px == 2400


def test_processes_that_another_hand_ended_cost_no_image() -> None:
    slow = encoded("JPEG2000", side=1200)
    with IsolatedDecoder(1, 60) as decoder, ThreadPoolExecutor(1) as thread:
        decoder.sketch(encoded("TIFF"), LIMITS)
        for delay_s in (0, 0.2):
            sketching = thread.submit(decoder.sketch, slow, LIMITS)
            time.sleep(delay_s)
            for process in spawned_processes():
                process.kill()
            assert sketching.result().width_px == 1200


def test_an_image_whose_process_is_killed_again_and_again_is_left_to_the_next_run() -> None:
    slow = encoded("JPEG2000", side=2400)
    with IsolatedDecoder(1, 60) as decoder, ThreadPoolExecutor(1) as thread:
        sketching = thread.submit(decoder.sketch, slow, LIMITS)
        while not sketching.done():
            time.sleep(0.2)
            for process in spawned_processes():
                process.kill()
        with pytest.raises(DecodingTimedOutError, match="killed"):
            sketching.result()


def test_threads_share_one_pool() -> None:
    data = [encoded("TIFF", side=64 + number) for number in range(12)]
    with IsolatedDecoder(2, 60) as decoder, ThreadPoolExecutor(6) as threads:
        widths = list(threads.map(lambda each: decoder.sketch(each, LIMITS).width_px, data))
    assert widths == [64 + number for number in range(12)]


def test_what_is_trusted_is_decoded_apart_where_that_is_asked_for() -> None:
    data = encoded("JPEG")
    with IsolatedDecoder(1, 60) as decoder:
        here = decoder.sketch(data, LIMITS)
        assert spawned_processes() == []
        assert decoder.sketch_apart(data, LIMITS).thumbnail == here.thumbnail
        assert len(spawned_processes()) == 1


def test_a_deadline_ends_the_process_whose_decoder_does_not_come_back() -> None:
    processes = WorkerProcesses(1)
    try:
        assert processes.schedule(_sketch_within, (0.5, encoded("TIFF"))).result() == 96
        with pytest.raises(ProcessLostError, match=f"-{signal.SIGALRM:d}") as ended:
            processes.schedule(_sketch_within, (0.1, encoded("JPEG2000", side=2400))).result()
        assert ended.value.by_task
    finally:
        processes.stop()


def _sketch_within(timeout_s: float, data: bytes) -> int:
    width_px = sketch_or_end(timeout_s, data, LIMITS).width_px
    time.sleep(timeout_s)
    return width_px
