"""Tensors as numpy arrays, and their bytes as a frame carries them."""

import struct

import numpy

DTYPES = {
    "BOOL": "?",
    "INT8": "<i1",
    "INT16": "<i2",
    "INT32": "<i4",
    "INT64": "<i8",
    "UINT8": "<u1",
    "UINT16": "<u2",
    "UINT32": "<u4",
    "UINT64": "<u8",
    "FP16": "<f2",
    "BF16": "<u2",
    "FP32": "<f4",
    "FP64": "<f8",
}
DATATYPES = {numpy.dtype(dtype): name for name, dtype in DTYPES.items() if name != "BF16"}


class WrongAnswer(Exception):
    """What a model answered is not what it declares."""


def decode(tensors, parts):
    """Arrays by name. An element of BYTES is a `bytes`."""
    found = {}
    for tensor, part in zip(tensors, parts):
        if tensor["datatype"] == "BYTES":
            array = numpy.array(elements_of(part), dtype=object)
        else:
            array = numpy.frombuffer(part, dtype=DTYPES[tensor["datatype"]])
        found[tensor["name"]] = array.reshape(tensor["shape"])
    return found


def elements_of(part):
    elements, at, view = [], 0, memoryview(part)
    while at < len(view):
        (size,) = struct.unpack_from("<I", view, at)
        elements.append(bytes(view[at + 4 : at + 4 + size]))
        at += 4 + size
    return elements


def encode(found, specs):
    """What is told of each tensor, and their bytes. Raises WrongAnswer for what is not as declared."""
    if not isinstance(found, dict):
        raise WrongAnswer(f"predict answered a {type(found).__name__}, where a dict of arrays by their names is asked for")
    tensors, parts = [], []
    for spec in specs:
        name, datatype = spec["name"], spec["datatype"]
        if name not in found:
            raise WrongAnswer(f"predict answered {', '.join(map(repr, found)) or 'nothing'}, and not {name!r}")
        array = numpy.asarray(found[name])
        part = bytes_of(name, array) if datatype == "BYTES" else numbers_of(name, array, datatype)
        tensors.append({"name": name, "datatype": datatype, "shape": list(array.shape), "size": len(part)})
        parts.append(part)
    return tensors, parts


def bytes_of(name, array):
    whole = []
    for element in array.ravel().tolist():
        if isinstance(element, str):
            element = text_bytes(name, element)
        if not isinstance(element, bytes):
            raise WrongAnswer(f"{name} is of BYTES and has a {type(element).__name__}, not text or bytes")
        whole.append(struct.pack("<I", len(element)))
        whole.append(element)
    return b"".join(whole)


def text_bytes(name, text):
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise WrongAnswer(f"{name} has text that is no UTF-8") from error


def numbers_of(name, array, datatype):
    dtype = numpy.dtype(DTYPES[datatype])
    if array.dtype != dtype:
        if not numpy.can_cast(array.dtype, dtype, "same_kind"):
            raise WrongAnswer(f"{name} is of {datatype}, and predict answered {array.dtype}")
        given, array = array, array.astype(dtype)
        if dtype.kind in "iu" and not numpy.array_equal(given, array):
            raise WrongAnswer(f"{name} has numbers that are none of {datatype}")
    return memoryview(numpy.ascontiguousarray(array).reshape(-1)).cast("B") if array.size > 0 else b""


def datatype_of(dtype):
    """Which of the protocol's datatypes has a dtype's values."""
    dtype = numpy.dtype(dtype)
    if dtype.kind in "OSUT":
        return "BYTES"
    if dtype not in DATATYPES:
        raise TypeError(f"there is no datatype for numpy's {dtype}")
    return DATATYPES[dtype]


def as_text(array):
    """An array of BYTES with text in place of bytes."""
    return numpy.array([element.decode() for element in array.ravel()], dtype=object).reshape(array.shape)
