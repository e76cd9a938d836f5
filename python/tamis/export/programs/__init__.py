"""Our own scripted modules: known encoders with the packed convention.

forward(ids, type_ids, positions, cu_seqlens, max_seqlen) -> logits [pairs, labels]. Tensors are
named as in Hugging Face's state dicts. No file here may use `from __future__ import annotations`:
TorchScript reads the annotations.
"""
