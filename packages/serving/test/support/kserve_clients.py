"""KServe's own clients ask what the arguments name, and print what they were answered as JSON: URL GRPC_ADDRESS TREES_URL."""

import asyncio
import importlib.util
import json
import sys
import types

import numpy

# The clients without the rest of the package, which loads servers and Kubernetes with it.
package = types.ModuleType("kserve")
package.__path__ = list(importlib.util.find_spec("kserve").submodule_search_locations)
sys.modules["kserve"] = package

from kserve.inference_client import InferenceGRPCClient, InferenceRESTClient, RESTConfig  # noqa: E402
from kserve.protocol.infer_type import InferInput, InferRequest, RequestedOutput  # noqa: E402

URL, GRPC_ADDRESS, TREES_URL = sys.argv[1:]
TAGS = numpy.array([[2**60 + 1, -(2**61) - 1], [3, 4]], dtype=numpy.int64)
TEXTS = numpy.array([["", "a"], ["ж", "b c"]], dtype=object)
HALVES = numpy.array([[1.5, -2], [0.25, 65504]], dtype=numpy.float16)


def request(name, binary, outputs=None, halves=True):
    tensors = [("TAG", "INT64", TAGS), ("TEXT", "BYTES", TEXTS), ("HALF", "FP16", HALVES)][: 3 if halves else 2]
    inputs = []
    for tensor, datatype, values in tensors:
        given = InferInput(tensor, list(values.shape), datatype)
        given.set_data_from_numpy(values, binary_data=binary or datatype == "FP16")
        inputs.append(given)
    return InferRequest(
        model_name=name,
        infer_inputs=inputs,
        request_id=f"of-{'bytes' if binary else 'lists'}",
        request_outputs=outputs,
        parameters={"binary_data_output": binary},
    )


def told(answer):
    outputs = {output.name: output.as_numpy() for output in answer.outputs}
    same = {
        "TAG": numpy.array_equal(outputs["TAG"], TAGS) if "TAG" in outputs else None,
        "TEXT": [text(value) for value in outputs["TEXT"].ravel()] if "TEXT" in outputs else None,
        "HALF": numpy.array_equal(outputs["HALF"], HALVES) if "HALF" in outputs else None,
    }
    return {"id": answer.id, "model": answer.model_name, "version": answer.model_version, **same}


def text(value):
    return value.decode() if isinstance(value, bytes) else value


async def refusal(call):
    try:
        return {"answered": str(await call)}
    except Exception as error:
        code = error.code().name if hasattr(error, "code") else error.response.status_code
        return {"code": code, "text": error.details() if hasattr(error, "details") else str(error)}


async def second_protocol():
    async with InferenceRESTClient(RESTConfig(protocol="v2", retries=0)) as client:
        tag = [RequestedOutput("TAG", {"binary_data": True})]
        unfit = request("echo", True)
        unfit.inputs.pop(1)
        return {
            "live": await client.is_server_live(URL),
            "ready": await client.is_server_ready(URL),
            "models": [await client.is_model_ready(URL, name) for name in ["echo", "idle", "nobody"]],
            "bytes": told(await client.infer(URL, request("echo", True), "echo")),
            "lists": told(await client.infer(URL, request("echo", False), "echo")),
            "some": told(await client.infer(URL, request("echo", True, tag), "echo")),
            "unfit": await refusal(client.infer(URL, unfit, "echo")),
            "unknown": await refusal(client.infer(URL, request("nobody", True), "nobody")),
        }


async def first_protocol():
    async with InferenceRESTClient(RESTConfig(protocol="v1", retries=0)) as client:
        eight = {"instances": [[0.5] * 8, [-1.0] * 8]}
        rows = {"instances": [{"TAG": [1, 2], "TEXT": ["a", "b"], "HALF": [1, 2]}]}
        return {
            "live": await client.is_server_live(URL),
            "models": [await client.is_model_ready(URL, name) for name in ["echo", "idle"]],
            "nobody": await refusal(client.is_model_ready(URL, "nobody")),
            "predicted": await client.infer(URL, rows, "echo"),
            "explained": await client.explain(TREES_URL, "boost", eight),
            "unexplained": await refusal(client.explain(URL, "echo", rows)),
        }


async def over_grpc():
    async with InferenceGRPCClient(GRPC_ADDRESS, retries=0) as client:
        named = [RequestedOutput("TAG"), RequestedOutput("TEXT")]

        async def by(name, metadata):
            return told(await client.infer(request(name, True), headers=metadata))

        return {
            "live": await client.is_server_live(),
            "ready": await client.is_server_ready(),
            "models": [await client.is_model_ready(name) for name in ["echo", "idle"]],
            "nobody": await refusal(client.is_model_ready("nobody")),
            "bytes": told(await client.infer(request("echo", True))),
            "lists": told(await client.infer(request("echo", False, named, halves=False))),
            "vmodel": await by("", (("mm-vmodel-id", "echo"),)),
            "model": await by("another", (("mm-model-id", "echo"),)),
            "ready_vmodel": await client.is_model_ready("", headers=(("mm-vmodel-id", "echo"),)),
            "vmodel_bytes": await by("", (("mm-vmodel-id-bin", "echo".encode()),)),
            "unknown": await refusal(client.infer(request("echo", True), headers=(("mm-vmodel-id", "nobody"),))),
        }


async def main():
    print(json.dumps({"v2": await second_protocol(), "v1": await first_protocol(), "grpc": await over_grpc()}))


asyncio.run(main())
