"""Contenders by name: a function that scores a list of pairs."""

from __future__ import annotations

import pathlib
import threading
from collections.abc import Callable

import numpy as np

from .batches import Pairs, Sorted
from .onnx_file import export, quantize

Contender = Callable[[Pairs], object]


def sentence_transformers(folder: pathlib.Path, dtype: str) -> Contender:
    """sentence-transformers' CrossEncoder; `dtype`: "fp32" (its default) or "bf16"."""
    import torch
    from sentence_transformers import CrossEncoder

    kwargs = {"dtype": torch.bfloat16} if dtype == "bf16" else {}
    model = CrossEncoder(str(folder), device="cpu", model_kwargs=kwargs)
    return lambda pairs: model.predict(pairs, show_progress_bar=False)


def onnx_runtime(folder: pathlib.Path, file: pathlib.Path, threads: int) -> Contender:
    """ONNX Runtime's CPU provider with all graph optimisations."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    return Sorted(folder, lambda inputs: session.run(None, inputs)[0])


def openvino(folder: pathlib.Path, file: pathlib.Path, threads: int, precision: str) -> Contender:
    """OpenVINO's CPU device; `precision`: its INFERENCE_PRECISION_HINT, "f32" or "bf16"."""
    import openvino

    settings = {
        "INFERENCE_PRECISION_HINT": precision,
        "INFERENCE_NUM_THREADS": threads,
        "PERFORMANCE_HINT": "LATENCY",
    }
    model = openvino.Core().compile_model(str(file), "CPU", settings)
    own = threading.local()  # a request serves one thread

    def forward(inputs: dict[str, np.ndarray]) -> np.ndarray:
        if not hasattr(own, "request"):
            own.request = model.create_infer_request()
        return np.array(own.request.infer(inputs)[0])

    return Sorted(folder, forward)


def all_peers(
    folder: pathlib.Path, scratch: pathlib.Path, threads: int
) -> dict[str, Callable[[], Contender]]:
    """Name and precision -> how to load it; what is not installed fails when it is loaded."""
    files: dict[str, pathlib.Path] = {}

    def fp32() -> pathlib.Path:
        if "fp32" not in files:
            files["fp32"] = export(folder, scratch)
        return files["fp32"]

    def int8() -> pathlib.Path:
        if "int8" not in files:
            files["int8"] = quantize(fp32())
        return files["int8"]

    return {
        "sentence-transformers fp32": lambda: sentence_transformers(folder, "fp32"),
        "sentence-transformers bf16": lambda: sentence_transformers(folder, "bf16"),
        "ONNX Runtime fp32": lambda: onnx_runtime(folder, fp32(), threads),
        "ONNX Runtime int8": lambda: onnx_runtime(folder, int8(), threads),
        "OpenVINO fp32": lambda: openvino(folder, fp32(), threads, "f32"),
        "OpenVINO bf16": lambda: openvino(folder, fp32(), threads, "bf16"),
        "OpenVINO int8": lambda: openvino(folder, int8(), threads, "f32"),
    }
