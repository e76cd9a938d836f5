"""training/model.py, and the weights that it is given."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

TRAINING = Path(__file__).resolve().parents[3] / "training"


def definition() -> Any:
    """The module."""
    if not (TRAINING / "model.py").is_file():
        pytest.skip("needs the training folder")
    sys.path.insert(0, str(TRAINING))
    try:
        import model
    finally:
        sys.path.remove(str(TRAINING))
    return model


def floats(folder: Path) -> dict[str, np.ndarray]:
    """The checkpoint of a folder with its int8 weights as float32, by name."""
    stored = pytest.importorskip("safetensors.numpy").load_file(folder / "model.safetensors")
    return {
        name: (
            values * stored[f"{name}.scale"][:, None] if f"{name}.scale" in stored else values
        ).astype(np.float32)
        for name, values in stored.items()
        if not name.endswith(".scale")
    }


def interaction(folder: Path) -> Any:
    """The model of a folder, in fp32."""
    torch = pytest.importorskip("torch")
    module = definition()
    model = module.TamisInteraction(module.Config.load(folder)).eval()
    model.load_state_dict({name: torch.from_numpy(value) for name, value in floats(folder).items()})
    return model
