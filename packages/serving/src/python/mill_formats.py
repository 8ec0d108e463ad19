"""The formats of models that need Python, each as an object with `inputs`, `outputs`, `platform`, `predict` and `close`; and
tensors as numpy arrays."""

import importlib.util
import os
import struct
import sys

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
            element = element.encode()
        if not isinstance(element, bytes):
            raise WrongAnswer(f"{name} is of BYTES and has a {type(element).__name__}, not text or bytes")
        whole.append(struct.pack("<I", len(element)))
        whole.append(element)
    return b"".join(whole)


def numbers_of(name, array, datatype):
    dtype = numpy.dtype(DTYPES[datatype])
    if array.dtype != dtype:
        if not numpy.can_cast(array.dtype, dtype, "same_kind"):
            raise WrongAnswer(f"{name} is of {datatype}, and predict answered {array.dtype}")
        given, array = array, array.astype(dtype)
        if dtype.kind in "iu" and not numpy.array_equal(given, array):
            raise WrongAnswer(f"{name} has numbers that are none of {datatype}")
    return memoryview(numpy.ascontiguousarray(array).reshape(-1)).cast("B") if array.size > 0 else b""


def spec_of(name, declared):
    """A tensor's datatype and shape, as `inputs` and `outputs` of a `Model` have them."""
    datatype, shape = declared
    if datatype not in DTYPES and datatype != "BYTES":
        dtype = numpy.dtype(datatype)
        datatype = "BYTES" if dtype.kind in "OSU" else DATATYPES[dtype]
    return {"name": name, "datatype": datatype, "shape": [int(size) for size in shape]}


def import_file(file):
    sys.path.insert(0, os.path.dirname(file))
    spec = importlib.util.spec_from_file_location(os.path.splitext(os.path.basename(file))[0], file)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


class OwnModel:
    """`class Model` of a `model.py`."""

    platform = "python"

    def __init__(self, header):
        module = import_file(header["file"])
        if not hasattr(module, "Model"):
            raise TypeError(f"{os.path.basename(header['file'])} has no class Model")
        self.model = module.Model()
        self.model.parameters = header["parameters"]
        if hasattr(self.model, "load"):
            self.model.load(os.path.dirname(header["file"]))
        self.inputs = self.declared("inputs", header)
        self.outputs = self.declared("outputs", header)

    def declared(self, side, header):
        own = getattr(self.model, side, None)
        if own is not None:
            return [spec_of(name, declared) for name, declared in own.items()]
        if header[side]:
            return header[side]
        raise TypeError(f"the class Model says no `{side}`, and config.pbtxt has none: {side} = {{'x': ('FP32', [-1, 3])}}")

    def predict(self, inputs, wanted, request):
        return self.model.predict(inputs)

    def close(self):
        if hasattr(self.model, "close"):
            self.model.close()


def open_model(header):
    return OwnModel(header)
