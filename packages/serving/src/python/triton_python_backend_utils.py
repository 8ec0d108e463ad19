"""What models of Triton's Python backend import by this name, as far as it concerns tensors on a CPU and one answer a request.

The names and their meanings are Triton's (https://github.com/triton-inference-server/python_backend).
"""

import json
import sys

import numpy

DTYPES = {
    "TYPE_BOOL": numpy.bool_,
    "TYPE_INT8": numpy.int8,
    "TYPE_INT16": numpy.int16,
    "TYPE_INT32": numpy.int32,
    "TYPE_INT64": numpy.int64,
    "TYPE_UINT8": numpy.uint8,
    "TYPE_UINT16": numpy.uint16,
    "TYPE_UINT32": numpy.uint32,
    "TYPE_UINT64": numpy.uint64,
    "TYPE_FP16": numpy.float16,
    "TYPE_FP32": numpy.float32,
    "TYPE_FP64": numpy.float64,
    "TYPE_STRING": numpy.object_,
}


class TritonModelException(Exception):
    """What an error of a response says."""


class TritonError:
    UNKNOWN, INTERNAL, NOT_FOUND, INVALID_ARG, UNAVAILABLE, UNSUPPORTED, ALREADY_EXISTS, CANCELLED = range(8)

    def __init__(self, message, code=INTERNAL):
        self._message, self._code = message, code

    def message(self):
        return self._message

    def code(self):
        return self._code


class Tensor:
    def __init__(self, name, numpy_array):
        self._name, self._array = name, numpy_array

    def name(self):
        return self._name

    def as_numpy(self):
        return self._array

    def shape(self):
        return self._array.shape

    def is_cpu(self):
        return True


class InferenceRequest:
    def __init__(self, inputs, requested_output_names, request_id="", parameters="{}"):
        self._inputs, self._wanted, self._id, self._parameters = inputs, list(requested_output_names), request_id, parameters

    def inputs(self):
        return self._inputs

    def requested_output_names(self):
        return self._wanted

    def request_id(self):
        return self._id

    def correlation_id(self):
        return 0

    def parameters(self):
        return self._parameters

    def is_cancelled(self):
        return False


class InferenceResponse:
    def __init__(self, output_tensors=(), error=None):
        self._outputs, self._error = list(output_tensors), error

    def output_tensors(self):
        return self._outputs

    def has_error(self):
        return self._error is not None

    def error(self):
        return self._error


class Logger:
    @staticmethod
    def log(message, level=None):
        print(message, file=sys.stderr)

    log_info = log_warn = log_error = log_verbose = log


def get_input_tensor_by_name(request, name):
    return next((tensor for tensor in request.inputs() if tensor.name() == name), None)


def get_output_tensor_by_name(response, name):
    return next((tensor for tensor in response.output_tensors() if tensor.name() == name), None)


def get_input_config_by_name(model_config, name):
    return next((tensor for tensor in config_of(model_config).get("input", []) if tensor["name"] == name), None)


def get_output_config_by_name(model_config, name):
    return next((tensor for tensor in config_of(model_config).get("output", []) if tensor["name"] == name), None)


def config_of(model_config):
    return json.loads(model_config) if isinstance(model_config, str) else model_config


def triton_string_to_numpy(name):
    return DTYPES.get(name)


def using_decoupled_model_transaction_policy(model_config):
    return config_of(model_config).get("model_transaction_policy", {}).get("decoupled", False)
