"""The recipe that makes the embedded default reranker: prepare, teacher, distil, export,
open, evaluate."""
