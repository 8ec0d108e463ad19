"""Folders that MLflow saved, of flavours that run in Python. They answer as `mlflow.pyfunc` does."""

import os

import numpy
from mill_formats import Format, ScikitModel, sample, spec_of
from mill_tensors import as_text


def open_model(header):
    """A model of scikit-learn by its own file, since MLflow takes seconds to start; other functions by MLflow itself."""
    file = header["mlflow"].get("scikitFile")
    if file is not None:
        return ScikitModel(header, file)
    try:
        import mlflow.pyfunc
    except ImportError as error:
        raise RuntimeError(f"this model needs {error.name} in its Python environment: add it to the requirements") from error
    return FunctionModel(mlflow.pyfunc.load_model(os.path.dirname(header["file"])), header)


class FunctionModel(Format):
    """A Python function of MLflow, asked by its signature."""

    platform = "mlflow_pyfunc"

    def __init__(self, model, header):
        self.model = model
        self.columns = header["mlflow"]["isOfColumns"]
        self.types = header["mlflow"]["types"]
        self.inputs = header["inputs"] or [
            {"name": "input-0", "datatype": "FP64", "shape": [-1, -1], "isOfAnyName": True}
        ]
        self.outputs = header["outputs"] or self.tried()

    def tried(self):
        """The outputs of a model without a signature of them: as they are for a row of nothing."""
        try:
            found = self.ask({spec["name"]: sample(spec) for spec in self.inputs})
        except Exception as error:
            raise TypeError(
                f"its signature says nothing of its outputs, and it cannot be tried with nothing ({error}): log it with a signature"
            ) from error
        return [spec_of(name, (array.dtype, [-1, *array.shape[1:]])) for name, array in found.items()]

    def ask(self, inputs):
        return named(self.model.predict(self.data(inputs)), "predict")

    def data(self, inputs):
        import pandas

        if self.columns:
            return pandas.DataFrame({name: self.column(name, array) for name, array in inputs.items()})
        arrays = {name: as_text(array) if array.dtype == object else array for name, array in inputs.items()}
        return next(iter(arrays.values())) if len(arrays) == 1 else arrays

    def column(self, name, array):
        import pandas

        kind = self.types.get(name)
        if kind == "binary":
            return array.tolist()
        if kind == "datetime":
            return pandas.to_datetime(as_text(array))
        return as_text(array) if array.dtype == object else array

    def predict(self, inputs, wanted, request):
        found = self.ask(inputs)
        # What is called otherwise than the signature says, where there is but one.
        if len(found) == 1 and len(self.outputs) == 1:
            found = {self.outputs[0]["name"]: next(iter(found.values()))}
        rank = {spec["name"]: len(spec["shape"]) for spec in self.outputs}
        return {name: shaped(array, rank.get(name)) for name, array in found.items()}


def named(found, name):
    """What a function answered, as arrays by name."""
    if hasattr(found, "columns"):
        return {str(column): numpy.asarray(found[column]) for column in found.columns}
    if isinstance(found, dict):
        return {str(key): numpy.atleast_1d(numpy.asarray(value)) for key, value in found.items()}
    return {name: numpy.atleast_1d(numpy.asarray(found.toarray() if hasattr(found, "toarray") else found))}


def shaped(array, rank):
    """A column of a table as a list, where the signature has a list."""
    return array.reshape(-1) if rank == 1 and array.ndim == 2 and array.shape[1] == 1 else array
