"""The bounded collection that container readers fill, and the decoding of text bytes.

Belongs here: limits on count and size, names of repeated carriers, text encodings.
Does not: where in a file the bytes stand (`containers/`), or what the text means (`tools/`).
"""

import zlib

ERROR_CARRIER = "error"
"""Carrier under which `read_carriers` says in a sentence what it could not read; no file can write it."""

MAX_TOTAL_BYTES = 4 * 1024 * 1024
"""Metadata kept of one file. The largest honest ComfyUI graphs seen are below 1 MiB; a JSON text of 4 MiB still
parses in under 0.2 s."""

MAX_CARRIERS = 64
"""Texts kept of one file; honest files have fewer than 20."""


class CarrierTexts:
    """Texts by carrier name, in file order, within `MAX_TOTAL_BYTES` and `MAX_CARRIERS`."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.problems: list[str] = []
        self.remaining_bytes = MAX_TOTAL_BYTES

    def add(self, name: str, text: str) -> None:
        """Keep one text; a name met before (or the reserved `error`) gets ` (2)`, ` (3)`, … behind it."""
        cleaned = text.rstrip("\x00")
        if not cleaned:
            return
        if len(self.texts) >= MAX_CARRIERS:
            self.report(f"there are more than {MAX_CARRIERS} metadata texts")
        elif len(cleaned) > self.remaining_bytes:
            self.report(f"the metadata is larger than {MAX_TOTAL_BYTES} bytes")
        else:
            self.remaining_bytes -= len(cleaned)
            self.texts[self._free_name(name)] = cleaned

    def add_bytes(self, name: str, raw: bytes) -> None:
        """Keep text bytes: UTF-8 where they are valid UTF-8, else Latin-1."""
        if len(raw) > self.remaining_bytes:
            self.report(f"the metadata is larger than {MAX_TOTAL_BYTES} bytes")
        else:
            self.add(name, decode_text(raw))

    def unpack(self, name: str, raw: bytes) -> bytes:
        """Return a zlib-compressed text's bytes, as far as they are whole and within the limits."""
        unpacker = zlib.decompressobj()
        try:
            text = unpacker.decompress(raw, self.remaining_bytes + 1)
        except zlib.error:
            self.report(f"the compressed text {name!r} is damaged")
            return b""
        if not unpacker.eof and len(text) <= self.remaining_bytes:
            self.report(f"the compressed text {name!r} is cut")
        return text

    def report(self, problem: str) -> None:
        """Note once, in words, something that could not be read."""
        if problem not in self.problems and len(self.problems) < MAX_CARRIERS:
            self.problems.append(problem)

    def result(self) -> dict[str, str]:
        """Return the texts, with the problems, if any, as one sentence under `ERROR_CARRIER`."""
        if not self.problems:
            return self.texts
        return {**self.texts, ERROR_CARRIER: "; ".join(self.problems)}

    def _free_name(self, name: str) -> str:
        if name not in self.texts and name != ERROR_CARRIER:
            return name
        return next(
            candidate for number in range(2, MAX_CARRIERS + 3) if (candidate := f"{name} ({number})") not in self.texts
        )


def decode_text(raw: bytes) -> str:
    """Decode as UTF-8 where the bytes are valid UTF-8, else as Latin-1; never raises."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def decode_utf16(raw: bytes, big_endian_hint: bool) -> str:
    """Decode UTF-16 whose byte order is often not the one that its container claims.

    ASCII letters, which every tool's keywords are, have a zero high byte: the side with more zero bytes is the high
    one. The hint decides only a tie. Lone surrogates are kept as they are.
    """
    if raw[:2] in (b"\xfe\xff", b"\xff\xfe"):
        big_endian, raw = raw[:2] == b"\xfe\xff", raw[2:]
    else:
        even_zeros, odd_zeros = raw[0::2].count(0), raw[1::2].count(0)
        big_endian = even_zeros > odd_zeros or (even_zeros == odd_zeros and big_endian_hint)
    whole = raw[: len(raw) // 2 * 2]
    return whole.decode("utf-16-be" if big_endian else "utf-16-le", "surrogatepass")
