"""Runs and judgements in the files of TREC and BEIR."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from tamis import checks, jsonl
from tamis.errors import InvalidArgument

_BEIR_HEADER = ("query-id", "corpus-id", "score")


def read_run(path: str | os.PathLike[str]) -> dict[str, list[str]]:
    """query -> documents, best first, of a TREC run: `query Q0 document rank score tag` in each
    line. Scores decide, as in trec_eval; ties are in the order of the file. Throws
    InvalidArgument."""
    found: dict[str, dict[str, float]] = {}
    for where, line in jsonl.lines(path):
        fields = line.split()
        if len(fields) != 6:
            raise InvalidArgument(
                f"{where} must be 'query Q0 document rank score tag', got {len(fields)} fields"
            )
        query, _, document, _, score, _ = fields
        own = found.setdefault(query, {})
        if document in own:
            raise InvalidArgument(f"{where}: document {document} comes twice for query {query}")
        own[document] = _score(score, where)
    return {
        query: sorted(scores, key=lambda document: -scores[document])
        for query, scores in found.items()
    }


def _score(text: str, where: str) -> float:
    try:
        score = float(text)
    except ValueError:
        score = float("nan")
    if score != score:
        raise InvalidArgument(f"{where}: score {text!r} is no number")
    return score


def read_qrels(path: str | os.PathLike[str]) -> dict[str, dict[str, int]]:
    """query -> document -> grade, of TREC qrels (`query 0 document grade`) or of BEIR's file with a
    header (`query-id corpus-id score`, tabs). Throws InvalidArgument."""
    found: dict[str, dict[str, int]] = {}
    for where, line in jsonl.lines(path):
        # Two tabs are BEIR's, whose ids may have spaces.
        fields = line.split("\t") if line.count("\t") == 2 else line.split()
        fields = [field.strip() for field in fields]
        if tuple(fields) == _BEIR_HEADER:
            continue
        if len(fields) not in (3, 4):
            raise InvalidArgument(
                f"{where} must be 'query 0 document grade' or 'query document grade'"
            )
        try:
            grade = int(fields[-1])
        except ValueError:
            raise InvalidArgument(f"{where}: grade {fields[-1]!r} is no integer") from None
        found.setdefault(fields[0], {})[fields[-2]] = grade
    return found


def check_id(id: str, where: str = "") -> None:
    """Throws InvalidArgument for an id that the files of TREC and BEIR cannot hold. `where` names
    its place in the message: 'run.jsonl, line 3'."""
    if not isinstance(id, str):
        raise InvalidArgument(f"{where + ': ' if where else ''}the id {checks.shown(id)} is no str")
    if len(id.split()) != 1 or any("\ud800" <= letter <= "\udfff" for letter in id):
        place = f"{where}: " if where else ""
        raise InvalidArgument(
            f"{place}qrels cannot hold the id {id!r}: it has whitespace, a lone surrogate, or "
            "nothing; give it another"
        )


def check_target(path: str | os.PathLike[str]) -> None:
    """Throws InvalidArgument where `write_qrels` could not write."""
    target = Path(path)
    if target.is_dir():
        raise InvalidArgument(f"qrels cannot be written to {target}: it is a folder; name a file")
    try:
        tempfile.TemporaryFile(prefix=target.name, dir=target.parent).close()
    except OSError as error:
        raise InvalidArgument(
            f"qrels cannot be written to {target} ({error.strerror}): name a file in a folder that "
            "exists and can be written to"
        ) from None


def write_qrels(qrels: Mapping[str, Mapping[str, int]], path: str | os.PathLike[str]) -> None:
    """BEIR's form for a name that ends in .tsv, else TREC's; appears when all is written. Throws
    InvalidArgument for an id that neither can hold (`check_id`), and for a grade that is no
    integer."""
    target = Path(path)
    beir = target.suffix == ".tsv"
    out = ["\t".join(_BEIR_HEADER)] if beir else []
    for query, grades in qrels.items():
        for document, grade in grades.items():
            check_id(query)
            check_id(document)
            if not isinstance(grade, (int, np.integer)) or isinstance(grade, bool):
                raise InvalidArgument(
                    f"qrels hold whole grades; that of document {document!r} for query {query!r} "
                    f"is {checks.shown(grade)}: round it"
                )
            out.append(f"{query}\t{document}\t{grade}" if beir else f"{query} 0 {document} {grade}")
    new = target.with_name(target.name + ".new")
    try:
        new.write_text("".join(line + "\n" for line in out), encoding="utf-8")
        os.replace(new, target)
    except OSError:
        new.unlink(missing_ok=True)
        raise
