"""The weights behind tamis' model "multilingual"."""

from pathlib import Path

FOLDER = Path(__file__).parent / "model"
