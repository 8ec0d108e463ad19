"""KServe's server with one ONNX model: MODEL silent|logged REST_PORT GRPC_PORT; logged is as it is by itself."""

import logging
import sys

import onnxruntime
import uvicorn
from grpc.aio._server import Server

model, logging_of_requests, rest_port, grpc_port = sys.argv[1:5]
is_logged = logging_of_requests == "logged"
# What it reads its own options from; with latencies it writes a line of times for each request.
sys.argv[1:] = ["--http_port", rest_port, "--grpc_port", grpc_port, "--enable_latency_logging", str(is_logged)]

import kserve  # noqa: E402
from kserve import InferOutput, InferRequest, InferResponse  # noqa: E402
from kserve.utils.utils import generate_uuid  # noqa: E402

# It listens on all of the machine's addresses, and has no option for another.
Config, add_insecure_port = uvicorn.Config, Server.add_insecure_port
uvicorn.Config = lambda *given, **options: Config(*given, **{**options, "host": "127.0.0.1"})
Server.add_insecure_port = lambda self, address: add_insecure_port(self, address.replace("[::]", "127.0.0.1"))


class Trees(kserve.Model):
    def load(self):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(model, options)
        self.given = self.session.get_inputs()[0].name
        self.asked = self.session.get_outputs()[0].name
        self.ready = True
        return True

    async def predict(self, payload: InferRequest, headers=None, response_headers=None) -> InferResponse:
        rows = payload.inputs[0].as_numpy()
        (values,) = self.session.run([self.asked], {self.given: rows})
        output = InferOutput(name=self.asked, shape=list(values.shape), datatype="FP32")
        # As it was asked: lists over REST, bytes over gRPC.
        output.set_data_from_numpy(values, binary_data=payload.from_grpc)
        return InferResponse(response_id=payload.id or generate_uuid(), model_name=self.name, infer_outputs=[output])


trees = Trees("trees")
trees.load()
server = kserve.ModelServer()
if not is_logged:
    # No log of accesses: Uvicorn keeps one where this logger has a handler.
    access = logging.getLogger("uvicorn.access")
    access.handlers, access.propagate = [], False
server.start([trees])
