"""Search, late interaction, the cross-encoder: inside a time budget, and what they did."""

from tamis import Cascade, CrossEncoder, LateInteraction
from tamis import stages as s

PASSAGES = [
    "Westphalia is a region in the northwest of Germany, known for its ham.",
    "The Peace of Westphalia was signed in 1648 by envoys of the Emperor, France and Sweden.",
    "Tulips flower for one to two weeks in spring.",
    "The Peace of Westphalia was signed in 1648 by envoys of the Emperor, France and Sweden.",
    "The Thirty Years' War ended when the treaties of Osnabrueck and Muenster were signed.",
]


def shared_words(query: str) -> list[tuple[str, float]]:
    """A search is any function of the query."""
    words = set(query.lower().split())
    scored = [(text, float(len(words & set(text.lower().split())))) for text in PASSAGES]
    return sorted(scored, key=lambda hit: -hit[1])


cascade = Cascade(
    [
        s.retrieve(shared_words, keep=5, name="words"),
        s.deduplicate(keep=5),
        s.late_interaction(LateInteraction("tiny"), keep=3),
        s.rerank(CrossEncoder(), keep=2, blend={"words": 0.3}),
    ],
    budget_ms=1500,
)
print(cascade, end="\n\n")
result = cascade.run("who signed the treaty of Westphalia?")
for hit in result.hits:
    print(f"{hit.score:8.3f}  {hit.text}")
print(f"\n{result.trace}")
