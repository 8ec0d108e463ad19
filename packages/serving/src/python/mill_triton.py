"""A `TritonPythonModel`, as Triton's Python backend has it: `initialize`, `execute` with one request at a time, `finalize`."""

import json
import os

import triton_python_backend_utils as utils
from mill_formats import Format


class TritonModel(Format):
    platform = "python"

    def __init__(self, module, header):
        self.inputs, self.outputs = header["inputs"], header["outputs"]
        if not self.inputs or not self.outputs:
            raise TypeError("a TritonPythonModel says nothing of its tensors: config.pbtxt is to have its `input` and `output`")
        if header["config"].get("model_transaction_policy", {}).get("decoupled"):
            raise TypeError("it answers a request several times (decoupled), which is not served here")
        self.model = module.TritonPythonModel()
        version = os.path.dirname(header["file"])
        if hasattr(self.model, "initialize"):
            self.model.initialize(
                {
                    "model_config": json.dumps(header["config"]),
                    "model_instance_kind": "CPU",
                    "model_instance_device_id": "0",
                    "model_repository": os.path.dirname(version),
                    "model_version": os.path.basename(version),
                    "model_name": header["config"]["name"],
                }
            )

    def predict(self, inputs, wanted, request):
        tensors = [utils.Tensor(name, array) for name, array in inputs.items()]
        told = json.dumps(request.get("parameters") or {})
        asked = utils.InferenceRequest(tensors, wanted, request.get("id") or "", told)
        responses = self.model.execute([asked])
        if not isinstance(responses, list) or len(responses) != 1 or responses[0] is None:
            raise TypeError("execute is to answer a list with a response for each request")
        (response,) = responses
        if response.has_error():
            raise utils.TritonModelException(response.error().message())
        return {tensor.name(): tensor.as_numpy() for tensor in response.output_tensors()}

    def close(self):
        if hasattr(self.model, "finalize"):
            self.model.finalize()
