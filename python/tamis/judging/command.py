"""`tamis judge`: a run -> qrels."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from tamis.errors import InvalidArgument
from tamis.eval.files import check_target, write_qrels
from tamis.judging.job import Summary, label
from tamis.judging.ledger import Ledger
from tamis.judging.pairs import pairs_of
from tamis.progress import ProgressBar
from tamis.remote import Judge

_BACKOFF_MS = 500.0  # a job has more patience than a search


def add(commands: Any) -> None:
    """The command's arguments."""
    judge = commands.add_parser(
        "judge",
        help="label a run with a language model; goes on where it was stopped",
        description="The key is OPENAI_API_KEY of the environment. Exit status: 0, all have a "
        "grade; 1, some have none or the job was stopped; 2, it could not run.",
    )
    judge.add_argument("run", help="a TREC run, or .jsonl with query and candidates")
    judge.add_argument("qrels", help="to write: BEIR's form if it ends in .tsv, else TREC's")
    judge.add_argument("--corpus", help="a TREC run's passages: .jsonl with _id, title, text")
    judge.add_argument("--queries", help="a TREC run's queries: .jsonl with _id, text")
    judge.add_argument("--base-url", required=True, help="an OpenAI-compatible server's, with /v1")
    judge.add_argument("--model", required=True, help="the name that the server knows it by")
    judge.add_argument("--rubric", help="what the grades mean: a text, or @FILE")
    judge.add_argument("--prompt", metavar="FILE", help="a prompt with {query} and {passage} in it")
    judge.add_argument("--mode", choices=("pointwise", "expected"), default="pointwise")
    judge.add_argument("--highest-grade", type=int, default=3, help="grades are 0 to this (3)")
    judge.add_argument("--depth", type=int, default=20, help="passages of each query (20)")
    judge.add_argument("--workers", type=int, default=8, help="requests under way at once (8)")
    judge.add_argument("--retries", type=int, default=4, help="of a request (4)")
    judge.add_argument("--timeout", type=float, default=60, help="of a request, in seconds (60)")
    judge.add_argument("--body", help="JSON: fields for each request, '{\"temperature\": null}'")
    judge.add_argument("--price", type=float, nargs=2, metavar=("REQUEST", "MILLION_TOKENS"),
                       help="dollars")  # fmt: skip
    judge.add_argument("--budget-dollars", type=float, help="of all judgements; needs --price")
    judge.add_argument("--judgements", help="grades and reasons; default: QRELS.judgements.jsonl")
    judge.add_argument("--again", action="store_true", help="ask again where no grade was given")
    judge.add_argument("--mix", action="store_true", help="keep another model's or rubric's too")
    judge.set_defaults(run_command=run)


def run(arguments: argparse.Namespace) -> int:
    """The exit status."""
    if arguments.budget_dollars is not None and arguments.price is None:
        raise InvalidArgument("--budget-dollars needs --price: what a request and tokens cost")
    if arguments.workers < 1:
        raise InvalidArgument(f"--workers must be at least 1, got {arguments.workers}")
    path = arguments.judgements or f"{arguments.qrels}.judgements.jsonl"
    _check_files(arguments, path)
    pairs = pairs_of(arguments.run, arguments.corpus, arguments.queries, arguments.depth)
    judge = Judge(
        arguments.base_url,
        arguments.model,
        rubric=_text(arguments.rubric),
        mode=arguments.mode,
        highest_grade=arguments.highest_grade,
        prompt=_read(arguments.prompt) if arguments.prompt else "",
        body=_fields(arguments.body),
        retries=arguments.retries,
        backoff_ms=_BACKOFF_MS,
        price=tuple(arguments.price) if arguments.price else None,
        http={"timeout_ms": 1e3 * arguments.timeout},
    )
    with Ledger(path, judge.model, judge.rubric_version, mix=arguments.mix) as ledger:
        missing = len(ledger.missing(pairs, again=arguments.again))
        with ProgressBar(sys.stderr.isatty(), missing, 1, "Passages") as bar:
            summary = label(
                judge,
                pairs,
                ledger,
                workers=arguments.workers,
                budget_dollars=arguments.budget_dollars,
                again=arguments.again,
                progress=bar.callback,
            )
        write_qrels(ledger.qrels(), arguments.qrels)
        open_ = len(ledger.missing(pairs))
        ungraded = len(ledger.missing(pairs, again=True)) - open_
        print(f"wrote {arguments.qrels}; grades and reasons are in {path}")
        _tell(summary, ungraded, ledger.dollars)
    return 1 if open_ or ungraded else 0


def _check_files(arguments: argparse.Namespace, judgements: str) -> None:
    """Before anything is asked for money: what is written can be, and is none of what is read."""
    check_target(arguments.qrels)
    given = [arguments.run, arguments.corpus, arguments.queries]
    read = {Path(path).resolve() for path in given if path is not None}
    for path in (arguments.qrels, judgements):
        if Path(path).resolve() in read:
            raise InvalidArgument(f"{path} is read by this job, which would write it: name another")
        read.add(Path(path).resolve())


def _text(rubric: str | None) -> str | None:
    return _read(rubric[1:]) if rubric and rubric[0] == "@" else rubric


def _read(path: str) -> str:
    try:
        return Path(path).read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidArgument(f"{path} is no UTF-8 ({error.reason}); convert it first") from None


def _fields(body: str | None) -> dict[str, Any] | None:
    if body is None:
        return None
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        raise InvalidArgument(f"--body is no JSON object: {body[:80]!r}")
    return fields


def _tell(summary: Summary, ungraded: int, dollars: float) -> None:
    known = f", {summary.known} were known" if summary.known else ""
    paid = f"; {dollars:.4f} dollars in all" if dollars else ""
    print(f"{summary.judged} passages judged{known}{paid}")
    if ungraded:
        print(f"{ungraded} got an answer without a grade; --again asks again")
    if summary.failed:
        print(f"{summary.failed} failed, and are asked for by the next run")
    if summary.error:
        print(f"the latest error: {summary.error}")
    if summary.stopped:
        print(f"stopped: {summary.stopped}; the same command goes on from here")
