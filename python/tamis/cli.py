"""The `tamis` command: rerank, export, parity, demo. Only the standard library is needed."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any

from tamis import CrossEncoder, Error, __version__


def _read_passages(path: str) -> list[str]:
    """One passage a line; `-` is standard input."""
    if path == "-":
        return [line.rstrip("\n") for line in sys.stdin]
    with open(path, encoding="utf-8") as lines:
        return [line.rstrip("\n") for line in lines]


def _rerank(arguments: argparse.Namespace) -> int:
    model = CrossEncoder(arguments.model) if arguments.model else CrossEncoder()
    passages = _read_passages(arguments.passages)
    hits: list[dict[str, Any]] = model.rank(
        arguments.query, passages, top_k=arguments.top_k, return_documents=True
    )
    for hit in hits:
        if arguments.json:
            print(json.dumps(hit, ensure_ascii=False))
        else:
            print(f"{hit['score']:9.4f}  {hit['corpus_id']:5d}  {hit['text']}")
    return 0


def _export(arguments: argparse.Namespace) -> int:
    from tamis.export import export_model

    export_model(arguments.source, arguments.dest, revision=arguments.revision)
    print(f"wrote {arguments.dest}")
    return 0


def _parity(arguments: argparse.Namespace) -> int:
    from pathlib import Path

    from tamis.eval.precision import ranking_parity, record_parity

    found = ranking_parity(arguments.model)
    for precision, record in found.items():
        print(
            f"{precision}: Kendall tau {record['kendall_tau']:.4f} over {record['lists']} lists, "
            f"logits off by at most {record['max_abs_logit_difference']:.4g}"
        )
    if arguments.record:
        print(f"recorded in {record_parity(Path(arguments.model), found)}")
    return 0


def _demo(arguments: argparse.Namespace) -> int:
    from tamis.demo import main as demo

    demo(["--full"] if arguments.full else [])
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tamis", description="Rerank search candidates with cross-encoders."
    )
    parser.add_argument("--version", action="version", version=f"tamis {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    rerank = commands.add_parser("rerank", help="order passages by how well they answer a query")
    rerank.add_argument("query")
    rerank.add_argument("passages", help="a file with one passage a line; - is standard input")
    rerank.add_argument("--model", help="folder or hub name; default: the embedded model")
    rerank.add_argument("--top-k", type=int)
    rerank.add_argument("--json", action="store_true", help="one JSON object a line")
    rerank.set_defaults(run=_rerank)

    export = commands.add_parser("export", help="write a bundle that C++ and CUDA load")
    export.add_argument("source", help="Hugging Face folder or hub name")
    export.add_argument("dest", help="folder to write; must not exist")
    export.add_argument("--revision", help="of the hub model")
    export.set_defaults(run=_export)

    parity = commands.add_parser(
        "parity", help="what lower precisions do to a model's rankings, for precision='auto'"
    )
    parity.add_argument("model", help="folder of a model or a bundle")
    parity.add_argument("--record", action="store_true", help="write it into the model's folder")
    parity.set_defaults(run=_parity)

    demo = commands.add_parser("demo", help="rerank BM25's candidates for SciFact claims")
    demo.add_argument("--full", action="store_true", help="all 300 claims at depth 100")
    demo.set_defaults(run=_demo)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status. Errors of tamis are one line, not a traceback."""
    arguments = _parser().parse_args(argv)
    try:
        status: int = arguments.run(arguments)
    except (Error, OSError, ImportError) as error:
        print(f"tamis: {error}", file=sys.stderr)
        return 2
    return status


if __name__ == "__main__":
    sys.exit(main())
