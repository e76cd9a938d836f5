"""Step 1: a pool of passages, queries over them, BM25 shortlists, and the dev lists."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import random
from collections import Counter
from collections.abc import Mapping

from training import pools
from training.beir import Bm25, Dataset, judged_lists, titled

SHORTLIST = 60

LARGE_SEED = 5
"""Of the larger pools and their dev lists."""


@dataclasses.dataclass(frozen=True)
class Plan:
    """How much goes into a pool.

    `sets`: collection -> documents, pieces of each at most, real queries, share of titles asked.
    `lengths`: about how many words a passage has, one is drawn for each document. `invented`:
    synthetic queries. `away`: out-of-domain dev lists, (collection, split, queries, candidates).
    `splits`: those that are trained on. `also`: more of them, of collections that no figure is
    given for.
    """

    sets: dict[str, tuple[int, int, int, float]]
    lengths: tuple[int, ...]
    invented: int
    away: tuple[tuple[str, str, int, int], ...]
    also: tuple[tuple[str, str], ...] = ()
    splits: Mapping[str, str] = dataclasses.field(default_factory=lambda: pools.SETS)


PLANS = {
    "small": Plan(
        {
            "scifact": (3400, 2, 900, 0.4),
            "medquad": (2600, 2, 3600, 0.1),
            "squadshifts_en": (3000, 2, 5500, 0.0),
            "squad_sentences_en": (3200, 1, 5500, 0.0),
            "pubmedqa": (900, 2, 900, 0.0),
        },
        (45, 45, 45, 90, 90, 170),
        5000,
        (("wikiqa", "dev", 126, 30), ("mediqa2019_qa", "train_liveqa", 60, 30)),
    ),
    "large": Plan(
        {
            "scifact": (5200, 3, 900, 1.0),
            "medquad": (7000, 3, 15000, 0.1),
            "squadshifts_en": (6000, 2, 20000, 0.0),
            "squad_sentences_en": (11000, 1, 11000, 0.0),
            "pubmedqa": (1000, 2, 1000, 0.0),
        },
        (45, 45, 90, 90, 170, 300),
        36000,
        (
            ("wikiqa", "dev", 126, 30),
            ("wikiqa", "train", 300, 30),
            ("mediqa2019_qa", "train_liveqa", 104, 30),
            ("mediqa2019_qa", "train_alexa", 104, 30),
            ("mediqa2019_qa", "dev", 25, 30),
        ),
    ),
}
PLANS["joint"] = dataclasses.replace(
    PLANS["large"],
    sets=PLANS["large"].sets | {"squad_sentences_en": (24000, 1, 23000, 0.0)},
    also=(("squad_sentences_en", "test"),),
)
PLANS["multilingual"] = dataclasses.replace(
    PLANS["large"],
    sets={
        "scifact": (5200, 2, 900, 1.0),
        "medquad": (5000, 2, 6000, 0.1),
        "squadshifts_en": (6000, 2, 12000, 0.0),
        "squad_sentences_en": (12000, 1, 12000, 0.0),
        "pubmedqa": (1000, 2, 1000, 0.0),
    },
    invented=12000,
    splits=pools.SETS | {"squad_sentences_en": "test"},
)
"""`small` is a night on two cores, `joint` and `multilingual` minutes on a GPU; of `large` the
recipe reads the dev lists alone. XQuAD has the paragraphs of squad_sentences_en's train split."""


class Pool:
    """Passages and the queries asked over them."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.passages: list[str] = []
        self.place: dict[str, int] = {}
        self.queries: list[dict] = []

    def add(self, text: str) -> int:
        """The index of a passage, added if new."""
        if text not in self.place:
            self.place[text] = len(self.passages)
            self.passages.append(text)
        return self.place[text]

    def ask(self, source: str, query: str, positives: list[int]) -> None:
        """Add a query; one of `positives` (if any) is what its label points to."""
        query = query.strip()
        if self.rng.random() < 0.3:
            query = query.rstrip("?. ")
        self.queries.append({"source": source, "query": query, "positives": positives})


def fill(pool: Pool, name: str, data: Dataset, held: set, plan: Plan) -> None:
    """Passages of a collection's documents, and its real queries and titles asked over them."""
    documents, most, asked, share = plan.sets[name]
    rng = pool.rng
    queries = [query for query in data.queries if (name, query) not in held]
    queries = rng.sample(queries, min(asked, len(queries)))
    pointed = [doc for query in queries for doc in data.qrels[query]]
    others = [doc for doc in data.docs if (name, doc) not in held]
    rng.shuffle(others)
    order = [doc for doc in data.docs if (name, doc) not in held]
    at = {doc: place for place, doc in enumerate(order)}
    places: dict[str, list[int]] = {}
    for doc in list(dict.fromkeys(pointed + others))[:documents]:
        near = 1 + rng.randint(0, 3) if name == "squad_sentences_en" else 1
        text = " ".join(data.docs[key] for key in order[at[doc] : at[doc] + near])
        pieces = pools.windows(text, rng.choice(plan.lengths))
        chosen = sorted(rng.sample(range(len(pieces)), min(most, len(pieces))))
        title = data.titles[doc]
        places[doc] = [
            pool.add(titled(title, pieces[n]) if rng.random() < 0.5 else pieces[n]) for n in chosen
        ]
        if title and rng.random() < share:
            pool.ask("title", title, [pool.add(pieces[n]) for n in chosen])
    for query in queries:
        found = [place for doc in data.qrels[query] for place in places.get(doc, [])]
        pool.ask(name, data.queries[query], [] if name == "pubmedqa" else found)


def invent(pool: Pool, count: int) -> None:
    """Synthetic queries: half sentences cut out of a passage, half keywords."""
    common = Counter(
        word for text in pool.passages for word in {w.lower() for w in pools.WORD.findall(text)}
    )
    for at in pool.rng.sample(range(len(pool.passages)), min(count, len(pool.passages))):
        text = pool.passages[at]
        if pool.rng.random() < 0.5:
            pool.ask("keywords", pools.keywords(text, common, pool.rng), [at])
        else:
            query, rest = pools.cut_sentence(text, pool.rng)
            pool.ask("sentence", query, [pool.add(rest)])


def away(data: pathlib.Path, plan: Plan) -> list[dict]:
    """Dev lists of collections that are not trained on, from splits that are not test splits."""
    lists = []
    for name, split, count, depth in plan.away:
        found = judged_lists(data, name, depth, split)
        lists += [entry for entry in found if any(entry["grades"])][:count]
    return [entry | {"away": True} for entry in lists]


def prepare(
    data: pathlib.Path, work: pathlib.Path, scale: float, dev: int, seed: int, plan: Plan
) -> None:
    """Write `pool.json` and `dev.json` into the work folder."""
    rng = random.Random(seed)
    sets = pools.load(data, plan.also, plan.splits)
    lists, held = pools.hold_out(sets, dev, rng)
    lists += away(data, plan)
    work.mkdir(parents=True, exist_ok=True)
    (work / "dev.json").write_text(json.dumps(lists))
    print("dev", Counter(entry["set"] for entry in lists), flush=True)
    pool = Pool(rng)
    for name in plan.sets:
        fill(pool, name, sets[name], held, plan)
    invent(pool, plan.invented)
    pool.queries = rng.sample(pool.queries, int(len(pool.queries) * scale))
    shortlists = Bm25(pool.passages).top([query["query"] for query in pool.queries], SHORTLIST)
    for query, hits in zip(pool.queries, shortlists, strict=True):
        query["bm25"] = [(at, round(score, 3)) for at, score in hits]
    (work / "pool.json").write_text(
        json.dumps({"passages": pool.passages, "queries": pool.queries})
    )
    print(len(pool.passages), Counter(query["source"] for query in pool.queries), flush=True)
