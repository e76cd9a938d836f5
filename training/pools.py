"""Training passages and queries from the redistributable collections, and the held-out dev
lists."""

from __future__ import annotations

import pathlib
import random
import re
from collections import Counter
from collections.abc import Mapping, Sequence

from training.beir import Bm25, Dataset, judged_list, read, titled

SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9\"'(])")
WORD = re.compile(r"[A-Za-z][A-Za-z0-9'-]+")
BRACKETS = {"-lrb-": "(", "-rrb-": ")", "-lsb-": "[", "-rsb-": "]", "``": '"', "''": '"'}
SETS = {
    "scifact": "train",
    "medquad": "train",
    "squadshifts_en": "train",
    "squad_sentences_en": "train",
    "pubmedqa": "test",
}
"""Collection -> the split whose queries may be trained on (pubmedqa has a single one)."""

DEV_SETS = ("scifact", "squadshifts_en", "medquad", "squad_sentences_en")
APART = ("mediqa2019_qa",)
"""Collections that are only measured on and share texts with training ones: a training document
that has eight words in a row of them is left out."""


def plain(text: str) -> str:
    """Undo the treebank tokenisation of squad_sentences_en."""
    text = " ".join(BRACKETS.get(word, word) for word in text.split())
    return re.sub(r" ([.,;:?!%)\]]|'s\b|n't\b)", r"\1", text).replace("( ", "(").replace("$ ", "$")


def shingles(text: str, words: int = 8) -> set[int]:
    """Hashes of all runs of `words` words."""
    found = re.findall(r"[a-z0-9]+", text.lower())
    return {hash(tuple(found[at : at + words])) for at in range(len(found) - words + 1)}


def load(
    data: pathlib.Path, also: Sequence[tuple[str, str]] = (), splits: Mapping[str, str] = SETS
) -> dict[str, Dataset]:
    """The collections, without the documents that only their test queries point to. `also`:
    (collection, split) of more queries."""
    found = {name: read(data / name, split) for name, split in splits.items()}
    for name, split in also:
        more = read(data / name, split)
        found[name].queries |= more.queries
        found[name].qrels |= more.qrels
    health = found["medquad"]
    others = [text for name in APART for text in read(data / name, "test").docs.values()]
    apart = set().union(*map(shingles, others))
    health.docs = {
        key: text for key, text in health.docs.items() if apart.isdisjoint(shingles(text))
    }
    health.qrels = {
        query: grades
        for query, grades in health.qrels.items()
        if grades.keys() <= health.docs.keys()
    }
    health.queries = {
        query: health.queries[query].replace("What is (are)", "What is") for query in health.qrels
    }
    shifts = found["squadshifts_en"]
    for name in [name for name in shifts.docs if name.startswith("new_wiki")]:
        del shifts.docs[name]
    sentences = found["squad_sentences_en"]
    wanted = {doc for grades in sentences.qrels.values() for doc in grades}
    sentences.docs = {doc: plain(text) for doc, text in sentences.docs.items() if doc in wanted}
    sentences.queries = {key: plain(text) for key, text in sentences.queries.items()}
    return found


def hold_out(sets: dict[str, Dataset], count: int, rng: random.Random) -> tuple[list[dict], set]:
    """Dev lists (BM25's candidates, a positive among them) and the keys held out of training.

    Out of training go the dev queries, their positive documents and every query of such a document.
    """
    lists: list[dict] = []
    held: set[tuple[str, str]] = set()
    for name in DEV_SETS:
        data = sets[name]
        keys = list(data.docs)
        texts = {key: titled(data.titles[key], text) for key, text in data.docs.items()}
        bm25 = Bm25(list(texts.values()))
        asked = rng.sample(sorted(data.queries), min(3 * count, len(data.queries)))
        depth = 30 if name == "scifact" else 20
        chosen = 0
        for query, hits in zip(
            asked, bm25.top([data.queries[q] for q in asked], depth), strict=True
        ):
            found = [(keys[at], score) for at, score in hits]
            entry = judged_list(name, data, query, found, texts)
            if not any(entry["grades"]) or chosen == count:
                continue
            chosen += 1
            lists.append(entry)
            held |= {(name, doc) for doc in data.qrels[query]} | {(name, query)}
    for name, data in sets.items():
        held |= {(name, q) for q, g in data.qrels.items() if any((name, doc) in held for doc in g)}
    return lists, held


def windows(text: str, words: int) -> list[str]:
    """Consecutive sentences joined into pieces of about `words` words."""
    pieces: list[str] = []
    current: list[str] = []
    for sentence in SENTENCE.split(text):
        current += sentence.split()
        if len(current) >= words * 0.7:
            pieces.append(" ".join(current[: words * 2]))
            current = []
    if len(current) > 12 or not pieces:
        pieces.append(" ".join(current[: words * 2]))
    return [piece for piece in pieces if piece]


def keywords(text: str, common: Counter, rng: random.Random) -> str:
    """Two to five of a text's rarer words, in their order, as typed into a search box."""
    found = list(dict.fromkeys(word.lower() for word in WORD.findall(text) if len(word) > 2))
    rare = sorted(found, key=lambda word: common[word])[: rng.randint(2, 5) + 1]
    rare = rng.sample(rare, max(1, len(rare) - 1))
    return " ".join(word for word in found if word in rare)


def cut_sentence(text: str, rng: random.Random) -> tuple[str, str]:
    """One sentence of a text, and the text without it (the text itself where it has only one)."""
    sentences = SENTENCE.split(text)
    at = rng.randrange(len(sentences))
    rest = " ".join(sentences[:at] + sentences[at + 1 :])
    query = " ".join(sentences[at].split()[: rng.randint(6, 24)])
    return query, rest if len(rest.split()) > 15 else text
