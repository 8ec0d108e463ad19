"""The formats of models that need Python: each an object with `inputs`, `outputs`, `platform`, `predict` and `close`."""

import importlib.util
import inspect
import os
import sys

import numpy
from mill_tensors import DTYPES, as_text, datatype_of

NUMBERS = ["FP32", "FP64", "FP16", "INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64", "BOOL"]


class Format:
    """What formats have alike."""

    def close(self):
        pass


def spec_of(name, declared):
    """A tensor's datatype and shape, as `inputs` and `outputs` of a `Model` have them."""
    datatype, shape = declared
    if datatype not in DTYPES and datatype != "BYTES":
        datatype = datatype_of(datatype)
    return {"name": name, "datatype": datatype, "shape": [int(size) for size in shape]}


def import_file(file):
    sys.path.insert(0, os.path.dirname(file))
    spec = importlib.util.spec_from_file_location(os.path.splitext(os.path.basename(file))[0], file)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


class OwnModel(Format):
    """`class Model` of a `model.py`."""

    platform = "python"

    def __init__(self, module, header):
        self.model = module.Model()
        if not hasattr(self.model, "predict"):
            raise TypeError("the class Model has no method predict")
        self.model.parameters = header["parameters"]
        if hasattr(self.model, "load"):
            self.model.load(os.path.dirname(header["file"]))
        self.inputs = self.declared("inputs", header)
        self.outputs = self.declared("outputs", header)
        self.takes_request = len(inspect.signature(self.model.predict).parameters) > 1

    def declared(self, side, header):
        own = getattr(self.model, side, None)
        if own is not None:
            return [spec_of(name, declared) for name, declared in own.items()]
        if header[side]:
            return header[side]
        raise TypeError(f"the class Model says no `{side}`, and config.pbtxt has none: {side} = {{'x': ('FP32', [-1, 3])}}")

    def predict(self, inputs, wanted, request):
        return self.model.predict(inputs, request) if self.takes_request else self.model.predict(inputs)

    def close(self):
        if hasattr(self.model, "close"):
            self.model.close()


METHODS = ["predict", "predict_proba", "predict_log_proba", "decision_function", "transform"]


class ScikitModel(Format):
    """A fitted estimator or pipeline of scikit-learn, or what has its methods."""

    platform = "sklearn"

    def __init__(self, header, file=None):
        self.model = read_pickle(file or header["file"])
        self.names = [str(name) for name in getattr(self.model, "feature_names_in_", [])]
        self.inputs = header["inputs"] or [self.matrix()]
        self.methods = self.methods_of(header["outputs"])
        if header.get("mlflow"):
            others = [method for method in METHODS if method != "predict" and hasattr(self.model, method)]
            self.methods = {**{method: method for method in others}, **self.methods}
        self.outputs = [self.output(name, method, header["outputs"]) for name, method in self.methods.items()]

    def matrix(self):
        width = getattr(self.model, "n_features_in_", -1)
        spec = {"name": "input-0", "datatype": "FP64", "shape": [-1, int(width)], "dimensionNames": ["rows", None]}
        return {**spec, "isOfAnyName": True, "alsoOf": NUMBERS, **({"features": self.names} if self.names else {})}

    def methods_of(self, configured):
        """The method that gives each output. One that is called otherwise is `predict`."""
        there = [method for method in METHODS if hasattr(self.model, method)]
        if not there:
            raise TypeError(f"a {type(self.model).__name__} has none of {', '.join(METHODS)}")
        if not configured:
            return {method: method for method in there}
        return {spec["name"]: spec["name"] if spec["name"] in there else there[0] for spec in configured}

    def output(self, name, method, configured):
        known = next((spec for spec in configured if spec["name"] == name), None)
        if known is not None:
            return known
        spec = spec_of(name, self.kind_of(method))
        isFirst = not configured and name == next(iter(self.methods))
        return spec if isFirst else {**spec, "isOnRequest": True}

    def kind_of(self, method):
        """The datatype and shape of what a method answers: as it is for a row of nothing, else by the classes."""
        try:
            row = {spec["name"]: sample(spec) for spec in self.inputs}
            found = self.call(method, self.table(row))
            return found.dtype, [-1, *found.shape[1:]]
        except Exception:
            classes = getattr(self.model, "classes_", None)
            if method == "predict":
                return ("FP64" if classes is None else numpy.asarray(classes).dtype), [-1]
            return "FP64", [-1, -1 if classes is None else len(classes)]

    def table(self, inputs):
        """One matrix, or columns side by side: a data frame where the model knows its columns by their names."""
        arrays = [as_text(array) if array.dtype == object else array for array in inputs.values()]
        if len(arrays) == 1 and arrays[0].ndim > 1:
            return frame_of(arrays[0], self.names) if self.names else arrays[0]
        columns = {name: array.reshape(len(array)) for name, array in zip(inputs, arrays)}
        if self.names:
            return frame_of(columns, None)
        isText = any(array.dtype == object for array in arrays)
        return numpy.column_stack([array.astype(object) if isText else array for array in columns.values()])

    def call(self, method, table):
        found = getattr(self.model, method)(table)
        return numpy.asarray(found.toarray() if hasattr(found, "toarray") else found)

    def predict(self, inputs, wanted, request):
        table = self.table(inputs)
        return {name: self.call(self.methods[name], table) for name in wanted}


def sample(spec):
    """A row of nothing."""
    shape = [1] + [max(1, size) for size in spec["shape"][1:]]
    if spec["datatype"] == "BYTES":
        return numpy.full(shape, b"", dtype=object)
    return numpy.zeros(shape, dtype=DTYPES[spec["datatype"]])


def frame_of(data, names):
    """A data frame where there is pandas; without it the model has its columns by their order."""
    try:
        import pandas
    except ImportError:
        return numpy.column_stack(list(data.values())) if isinstance(data, dict) else data
    return pandas.DataFrame(data, columns=names)


def read_pickle(file):
    try:
        import joblib
    except ImportError:
        import pickle

        with open(file, "rb") as opened:
            return pickle.load(opened)
    return joblib.load(file)


class TorchModel(Format):
    """A module that torch saved as TorchScript, or exported. It says nothing of its tensors: config.pbtxt does."""

    platform = "pytorch_libtorch"

    def __init__(self, header):
        import torch

        self.torch = torch
        self.inputs, self.outputs = header["inputs"], header["outputs"]
        if not self.inputs or not self.outputs:
            raise TypeError("a model of torch says nothing of its tensors: config.pbtxt is to have its `input` and `output`")
        threads = header["parameters"].get("INTRA_OP_THREAD_COUNT")
        if threads:
            torch.set_num_threads(int(threads))
        if header["file"].endswith(".pt2"):
            self.model = torch.export.load(header["file"]).module()
        else:
            self.model = torch.jit.load(header["file"], map_location="cpu").eval()

    def predict(self, inputs, wanted, request):
        given = [self.tensor(inputs[spec["name"]], spec) for spec in self.inputs if spec["name"] in inputs]
        with self.torch.inference_mode():
            found = self.model(*given)
        if isinstance(found, dict):
            return {name: self.array(value) for name, value in found.items()}
        found = list(found) if isinstance(found, (tuple, list)) else [found]
        return {spec["name"]: self.array(value) for spec, value in zip(self.outputs, found)}

    def tensor(self, array, spec):
        made = self.torch.from_numpy(array.view("<i2") if spec["datatype"] == "BF16" else array)
        return made.view(self.torch.bfloat16) if spec["datatype"] == "BF16" else made

    def array(self, tensor):
        tensor = tensor.detach().cpu()
        if tensor.dtype == self.torch.bfloat16:
            return tensor.contiguous().view(self.torch.int16).numpy().view("<u2")
        return tensor.numpy()


def open_model(header):
    file = header["file"]
    if header.get("mlflow"):
        import mill_mlflow

        return mill_mlflow.open_model(header)
    is_named = file.endswith((".py", ".pkl", ".pickle", ".joblib"))
    if file.endswith((".pt", ".pt2")) or (header.get("format") == "pytorch" and not is_named):
        return TorchModel(header)
    if not file.endswith(".py"):
        return ScikitModel(header)
    module = import_file(file)
    if hasattr(module, "Model"):
        return OwnModel(module, header)
    if inspect.isclass(getattr(module, "TritonPythonModel", None)):
        import mill_triton

        return mill_triton.TritonModel(module, header)
    raise TypeError(f"{os.path.basename(file)} has no class Model")
