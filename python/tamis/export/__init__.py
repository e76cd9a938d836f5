"""Models -> bundles. Needs the packages of `pip install "tamis[export]"`.

from tamis.export import export_model
export_model("BAAI/bge-reranker-v2-m3", "bundles/bge-m3")
"""

from __future__ import annotations

from tamis.errors import ExportError
from tamis.export.exporter import ExportReport, export_model
from tamis.export.user_program import export_torchscript

__all__ = ["ExportError", "ExportReport", "export_model", "export_torchscript"]
