"""The `tamis` command: rerank, index, search, judge, export, parity, demo."""

from __future__ import annotations

import argparse
import io
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tamis import CrossEncoder, Error, InvalidArgument, __version__
from tamis.judging import command as judging


def _lines(path: str) -> list[str]:
    """Of a file; `-` is standard input."""
    if path == "-":
        return list(sys.stdin)
    with open(path, encoding="utf-8") as file:
        return list(file)


def _read_passages(path: str) -> list[str]:
    """One passage a line; a byte order mark is part of none."""
    try:
        passages = [line.rstrip("\n") for line in _lines(path)]
    except UnicodeDecodeError as error:
        name = "standard input" if path == "-" else path
        raise InvalidArgument(f"{name} is no UTF-8 ({error.reason}); convert it first") from error
    return [passages[0].removeprefix("\ufeff"), *passages[1:]] if passages else []


def _print_json(hit: dict[str, Any]) -> None:
    """In one line, all ASCII where standard output is no Unicode: a reader gets the same texts."""
    encoding = sys.stdout.encoding or "utf-8"  # a StringIO has none
    unicode = encoding.lower().startswith("utf")
    print(json.dumps(hit, ensure_ascii=not unicode))


def _rerank(arguments: argparse.Namespace) -> int:
    model = CrossEncoder(arguments.model) if arguments.model else CrossEncoder()
    passages = _read_passages(arguments.passages)
    hits: list[dict[str, Any]] = model.rank(
        arguments.query, passages, top_k=arguments.top_k, return_documents=True
    )
    for hit in hits:
        if arguments.json:
            _print_json(hit)
        else:
            print(f"{hit['score']:9.4f}  {hit['corpus_id']:5d}  {hit['text']}")
    return 0


def _index(arguments: argparse.Namespace) -> int:
    from tamis.retrieval import Index, files, read_folder

    files.check_target(Path(arguments.index), arguments.overwrite)
    passages = read_folder(
        arguments.folder,
        words=arguments.words,
        overlap=min(arguments.overlap, max(arguments.words - 1, 0)),
        lines=arguments.lines,
    )
    language = None if arguments.language == "none" else arguments.language
    index = Index.build(
        passages,
        model=arguments.model,
        dense=not arguments.no_dense,
        token_vectors=arguments.token_vectors,
        language=language,
        progress=sys.stderr.isatty(),
    )
    index.save(arguments.index, overwrite=arguments.overwrite)
    print(f"wrote {arguments.index}: {index}")
    return 0


def _search(arguments: argparse.Namespace) -> int:
    from tamis.retrieval import Index

    index = Index.open(arguments.index, model=arguments.model)
    for hit in index.search(arguments.query, arguments.top_k, fusion=arguments.fusion):
        if arguments.json:
            _print_json(hit)
        else:
            print(f"{hit['score']:9.4f}  {hit['id']}  {' '.join(hit['text'].split())}")
    return 0


def _export(arguments: argparse.Namespace) -> int:
    from tamis.export import export_model

    export_model(
        arguments.source,
        arguments.dest,
        revision=arguments.revision,
        overwrite=arguments.overwrite,
    )
    print(f"wrote {arguments.dest}")
    return 0


def _parity(arguments: argparse.Namespace) -> int:
    from tamis.eval.precision import ranking_parity, record_parity
    from tamis.model_source import located_inside

    folder = Path(located_inside(arguments.model))
    found = ranking_parity(folder)
    for precision, record in found.items():
        print(
            f"{precision}: Kendall tau {record['kendall_tau']:.4f} over {record['lists']} lists, "
            f"logits off by at most {record['max_abs_logit_difference']:.4g}"
        )
    if arguments.record:
        print(f"recorded in {record_parity(folder, found)}")
    return 0


def _demo(arguments: argparse.Namespace) -> int:
    from tamis.demo import main as demo

    demo(["--full"] if arguments.full else [])
    return 0


def _add_retrieval(commands: Any) -> None:
    index = commands.add_parser("index", help="build an index from a folder of documents")
    index.add_argument("folder", help="with .txt, .md and .jsonl files (id, title, text)")
    index.add_argument("index", help="folder to write; appears when all is done")
    index.add_argument("--model", help="encoder: folder or hub name; default: the embedded model")
    index.add_argument("--words", type=int, default=200, help="of a passage; 0: whole documents")
    index.add_argument("--overlap", type=int, default=40, help="words that passages share")
    index.add_argument("--lines", action="store_true", help="each line of a .txt is a document")
    index.add_argument("--language", default="english", help="of the stemmer, or none")
    index.add_argument("--no-dense", action="store_true", help="BM25 only")
    index.add_argument("--token-vectors", action="store_true", help="keep late interaction's too")
    index.add_argument("--overwrite", action="store_true", help="replace an index")
    index.set_defaults(run_command=_index)

    search = commands.add_parser("search", help="find passages in an index")
    search.add_argument("index")
    search.add_argument("query")
    search.add_argument("--top-k", type=int, default=10)
    search.add_argument("--fusion", choices=("rrf", "union", "bm25", "dense"))
    search.add_argument("--model", help="the index's encoder, where it has moved")
    search.add_argument("--json", action="store_true", help="one JSON object a line")
    search.set_defaults(run_command=_search)


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
    rerank.add_argument("--top-k", type=int, help="of the best that are printed; default: all")
    rerank.add_argument("--json", action="store_true", help="one JSON object a line")
    rerank.set_defaults(run_command=_rerank)

    _add_retrieval(commands)
    judging.add(commands)

    export = commands.add_parser("export", help="write a bundle that C++ and CUDA load")
    export.add_argument("source", help="Hugging Face folder or hub name")
    export.add_argument("dest", help="folder to write; must not exist")
    export.add_argument("--overwrite", action="store_true", help="replace a bundle that exists")
    export.add_argument("--revision", help="of the hub model")
    export.set_defaults(run_command=_export)

    parity = commands.add_parser(
        "parity", help="what lower precisions do to a model's rankings, for precision='auto'"
    )
    parity.add_argument("model", help="folder of a model or a bundle, or default, tiny")
    parity.add_argument("--record", action="store_true", help="write it into the model's folder")
    parity.set_defaults(run_command=_parity)

    demo = commands.add_parser("demo", help="rerank BM25's candidates for SciFact claims")
    demo.add_argument("--full", action="store_true", help="all 300 claims at depth 100")
    demo.set_defaults(run_command=_demo)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status. Errors of tamis are one line, not a traceback."""
    arguments = _parser().parse_args(argv)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # for what its encoding has not
    try:
        status: int = arguments.run_command(arguments)
        sys.stdout.flush()
    except BrokenPipeError:  # who reads has what it wanted, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        print("tamis: interrupted", file=sys.stderr)
        return 128 + signal.SIGINT
    except (Error, OSError, ImportError) as error:
        print(f"tamis: {error}", file=sys.stderr)
        return 2
    return status


if __name__ == "__main__":
    sys.exit(main())
