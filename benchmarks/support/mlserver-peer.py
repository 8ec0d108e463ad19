"""MLServer with one ONNX model: MODEL silent|logged REST_PORT GRPC_PORT METRICS_PORT; logged is a line for each request."""

import asyncio
import sys

import onnxruntime
import uvloop
from mlserver import MLModel, MLServer
from mlserver.codecs import NumpyCodec
from mlserver.settings import ModelParameters, ModelSettings, Settings
from mlserver.types import InferenceRequest, InferenceResponse

model, logging, rest_port, grpc_port, metrics_port = sys.argv[1:]


class Trees(MLModel):
    async def load(self) -> bool:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(self.settings.parameters.uri, options)
        self.given = self.session.get_inputs()[0].name
        self.asked = self.session.get_outputs()[0].name
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        rows = NumpyCodec.decode_input(payload.inputs[0])
        (values,) = self.session.run([self.asked], {self.given: rows})
        outputs = [NumpyCodec.encode_output(self.asked, values)]
        return InferenceResponse(model_name=self.name, model_version=self.version, outputs=outputs)


async def main():
    ports = {"http_port": int(rest_port), "grpc_port": int(grpc_port), "metrics_port": int(metrics_port)}
    # `debug` is its own default and has the log of accesses; worker processes would double what a request takes.
    server = MLServer(Settings(host="127.0.0.1", debug=logging == "logged", parallel_workers=0, **ports))
    parameters = ModelParameters(uri=model, version="1")
    await server.start([ModelSettings(name="trees", implementation=Trees, parameters=parameters)])


uvloop.install()
asyncio.run(main())
