"""The weights behind `tamis.LateInteraction("multilingual")`."""

from pathlib import Path

FOLDER = Path(__file__).parent / "model"
