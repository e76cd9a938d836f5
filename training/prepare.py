"""Step 1: pools of short and long passages, queries over them, BM25 shortlists, dev lists."""

from __future__ import annotations

import json
import pathlib
import random
from collections import Counter

from training import pools
from training.beir import Bm25, Dataset, titled

STAGES = {"short": 60, "long": 170}
"""Stage -> about how many words a passage has."""

SHORTLIST = 60


class Pool:
    """The passages of one stage and the queries asked over them."""

    def __init__(self, stage: str, rng: random.Random) -> None:
        self.stage, self.rng = stage, rng
        self.passages: list[str] = []
        self.place: dict[str, int] = {}
        self.queries: list[dict] = []

    def add(self, text: str) -> int:
        """The index of a passage, added if new."""
        if text not in self.place:
            self.place[text] = len(self.passages)
            self.passages.append(text)
        return self.place[text]

    def ask(self, source: str, query: str, positive: int = -1) -> None:
        """Add a query; `positive` is the passage its label points to, or -1."""
        query = query.strip()
        if self.rng.random() < 0.3:
            query = query.rstrip("?. ")
        self.queries.append({"source": source, "query": query, "positive": positive})


def fill(pool: Pool, name: str, data: Dataset, held: set, docs: int, asked: int) -> None:
    """Passages from `docs` documents of a collection, and up to `asked` of its real queries."""
    rng, words = pool.rng, STAGES[pool.stage]
    open_queries = [query for query in data.queries if (name, query) not in held]
    chosen = rng.sample(open_queries, min(asked, len(open_queries)))
    pointed = [doc for query in chosen for doc in data.qrels[query]]
    others = [doc for doc in data.docs if (name, doc) not in held]
    rng.shuffle(others)
    keys = list(dict.fromkeys(pointed + others))[:docs]
    order = list(data.docs)
    first: dict[str, int] = {}
    for key in keys:
        text = data.docs[key]
        if name == "squad_sentences_en":
            at, near = order.index(key), rng.randint(0, 2)
            text = " ".join(
                data.docs[k] for k in order[at : at + near + 1] if (name, k) not in held
            )
        pieces = pools.windows(text, words)
        title = data.titles[key]
        lead = titled(title, pieces[0]) if name != "scifact" or rng.random() < 0.7 else pieces[0]
        first[key] = pool.add(lead)
        if len(pieces) > 1 and pool.stage == "short" and rng.random() < 0.6:
            piece = rng.choice(pieces[1:])
            pool.add(titled(title, piece) if rng.random() < 0.5 else piece)
        if name in ("scifact", "medquad") and title and rng.random() < 0.15:
            pool.ask("title", title, pool.add(rng.choice(pieces)))
    whole = name in ("squad_sentences_en", "medquad") or pool.stage == "long"
    for query in chosen:
        doc = next(iter(data.qrels[query]))
        labelled = whole and doc in first and name not in ("scifact", "pubmedqa")
        pool.ask(name, data.queries[query], first[doc] if labelled else -1)


def invent(pool: Pool, count: int) -> None:
    """Synthetic queries: half sentences cut out of a passage, half keywords."""
    common = Counter(
        word for text in pool.passages for word in {w.lower() for w in pools.WORD.findall(text)}
    )
    for at in pool.rng.sample(range(len(pool.passages)), min(count, len(pool.passages))):
        text = pool.passages[at]
        if pool.rng.random() < 0.5:
            pool.ask("keywords", pools.keywords(text, common, pool.rng))
        else:
            query, rest = pools.cut_sentence(text, pool.rng)
            pool.add(rest)
            pool.ask("sentence", query)


def prepare(data: pathlib.Path, work: pathlib.Path, scale: float, dev: int, seed: int) -> None:
    """Write `pools.json` and `dev.json` into the work folder."""
    rng = random.Random(seed)
    sets = pools.load(data)
    dev_lists, held = pools.hold_out(sets, dev, rng)
    # collection -> (documents, real queries) by stage
    plan = {
        "short": {
            "scifact": (1200, 600),
            "medquad": (1800, 2200),
            "squadshifts_en": (900, 1800),
            "squad_sentences_en": (2400, 2600),
            "pubmedqa": (700, 600),
        },
        "long": {
            "scifact": (700, 300),
            "medquad": (700, 800),
            "squadshifts_en": (900, 1400),
            "pubmedqa": (300, 300),
        },
    }
    written = {}
    for stage, parts in plan.items():
        pool = Pool(stage, rng)
        for name, (docs, asked) in parts.items():
            fill(pool, name, sets[name], held, int(docs * scale), int(asked * scale))
        invent(pool, int((2400 if stage == "short" else 800) * scale))
        rng.shuffle(pool.queries)
        shortlists = Bm25(pool.passages).top([q["query"] for q in pool.queries], SHORTLIST)
        for query, hits in zip(pool.queries, shortlists, strict=True):
            query["bm25"] = [(at, round(score, 3)) for at, score in hits]
        written[stage] = {"passages": pool.passages, "queries": pool.queries}
        print(stage, len(pool.passages), Counter(q["source"] for q in pool.queries), flush=True)
    work.mkdir(parents=True, exist_ok=True)
    (work / "pools.json").write_text(json.dumps(written))
    (work / "dev.json").write_text(json.dumps(dev_lists))
    print("dev", Counter(entry["set"] for entry in dev_lists), flush=True)
