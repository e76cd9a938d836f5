"""The best passages for a query."""

from tamis import CrossEncoder

model = CrossEncoder()
query = "who signed the treaty of Westphalia?"
passages = [
    "Westphalia is a region in the northwest of Germany, known for its ham.",
    "The Peace of Westphalia was signed in 1648 by envoys of the Emperor, France and Sweden.",
    "Tulips flower for one to two weeks in spring.",
    "The Thirty Years' War ended when the treaties of Osnabrueck and Muenster were signed.",
]
print(query)
for hit in model.rank(query, passages, top_k=3, return_documents=True):
    print(f"{hit['score']:8.3f}  {hit['text']}")
