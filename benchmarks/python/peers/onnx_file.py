"""A Hugging Face sequence classifier as an ONNX file, and the same with int8 weights."""

from __future__ import annotations

import pathlib


def export(folder: pathlib.Path, dest: pathlib.Path) -> pathlib.Path:
    """Write `dest/model.onnx` (dynamic batch and length) and return its path."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    dest.mkdir(parents=True, exist_ok=True)
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    sample = dict(AutoTokenizer.from_pretrained(folder)(["a b"], ["c d"], return_tensors="pt"))
    file = dest / "model.onnx"
    with torch.inference_mode():
        torch.onnx.export(
            model,
            (),
            str(file),
            kwargs=sample,
            input_names=list(sample),
            output_names=["logits"],
            dynamic_axes={name: {0: "batch", 1: "length"} for name in sample},
            opset_version=17,
            dynamo=False,
        )
    return file


def quantize(file: pathlib.Path) -> pathlib.Path:
    """Dynamic int8 beside `file`, as ONNX Runtime's own tool makes it."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    out = file.with_name("model.int8.onnx")
    quantize_dynamic(str(file), str(out), weight_type=QuantType.QInt8, per_channel=True)
    return out
