"""Writes python/tamis/demo/data from SciFact in BEIR form (a folder with corpus.jsonl and so on).

    python tools/make_demo_data.py SCIFACT

The same input gives the same bytes.
"""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path

DATA = Path(__file__).resolve().parents[1] / "python" / "tamis" / "demo" / "data"


def write_gzip(path: Path, lines: list[str]) -> None:
    with (
        path.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=raw, mtime=0) as packed,
    ):
        packed.write("".join(line + "\n" for line in lines).encode("utf-8"))


def main(source: Path) -> None:
    qrels: dict[str, dict[str, int]] = {}
    for line in (source / "qrels" / "test.tsv").read_text("utf-8").splitlines()[1:]:
        query, document, grade = line.split("\t")
        qrels.setdefault(query, {})[document] = int(grade)
    claims = []
    for line in (source / "queries.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        if row["_id"] in qrels:
            row = {"id": row["_id"], "claim": row["text"], "relevant": qrels[row["_id"]]}
            claims.append(json.dumps(row, ensure_ascii=False))
    abstracts = []
    for line in (source / "corpus.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        row = {"id": row["_id"], "title": row["title"], "text": row["text"]}
        abstracts.append(json.dumps(row, ensure_ascii=False))
    DATA.mkdir(parents=True, exist_ok=True)
    write_gzip(DATA / "claims.jsonl.gz", claims)
    write_gzip(DATA / "abstracts.jsonl.gz", abstracts)
    print(f"{len(claims)} claims, {len(abstracts)} abstracts -> {DATA}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
