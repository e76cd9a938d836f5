"""How well does each passage answer its question?"""

from tamis import CrossEncoder

model = CrossEncoder()  # the embedded default model; or a folder, or a hub name
pairs = [
    ("what is the capital of France?", "Paris is the capital and largest city of France."),
    ("what is the capital of France?", "Bananas are yellow when they are ripe."),
    ("how long do tulips bloom?", "Tulips flower for one to two weeks in spring."),
]
for (query, passage), score in zip(pairs, model.predict(pairs), strict=True):
    print(f"{score:8.3f}  {query}  {passage}")
