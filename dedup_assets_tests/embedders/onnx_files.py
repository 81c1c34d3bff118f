"""ONNX files of one node, written as the protocol buffers that they are: tests need no library to make them.

Belongs here: bytes of files. Does not belong here: tests. The numbers of fields are those of `onnx.proto`.
"""

FLOAT, INT, INTS, IR_VERSION, OPSET = 1, 2, 7, 8, 13


def mean_colour(layout: str, side: int | None) -> bytes:
    """A model from float pictures of a layout (nhwc or nchw) and side (None: any) to their mean colour, 3 numbers."""
    known = {"n": None, "c": 3, "h": side, "w": side}
    axes = [layout.index("h"), layout.index("w")]
    attributes = [
        _text(1, "axes") + b"".join(_number(8, axis) for axis in axes) + _number(20, INTS),
        _text(1, "keepdims") + _number(3, 0) + _number(20, INT),
    ]
    node = (
        _text(1, "image") + _text(2, "mean") + _text(4, "ReduceMean") + b"".join(_part(5, each) for each in attributes)
    )
    graph = (
        _part(1, node)
        + _text(2, "mean colour")
        + _part(11, _value("image", [known[axis] for axis in layout]))
        + _part(12, _value("mean", [None, 3]))
    )
    return _number(1, IR_VERSION) + _part(7, graph) + _part(8, _text(1, "") + _number(2, OPSET))


def _value(name: str, shape: list[int | None]) -> bytes:
    """Name, type and shape of an input or output; None is a length that any picture may have."""
    dimensions = b"".join(
        _part(1, _text(2, f"any{at}") if size is None else _number(1, size)) for at, size in enumerate(shape)
    )
    return _text(1, name) + _part(2, _part(1, _number(1, FLOAT) + _part(2, dimensions)))


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _text(field: int, value: str) -> bytes:
    return _part(field, value.encode())


def _part(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    digits = []
    while value > 127:
        digits.append(value & 127 | 128)
        value >>= 7
    return bytes([*digits, value])
