"""Labels by a language model: `tamis judge`.

pairs.py     which passages of which queries are to be judged
ledger.py    the file that judgements are appended to as they come
job.py       asks for what is missing
"""

from tamis.judging.job import Progress, Summary, label
from tamis.judging.ledger import Ledger
from tamis.judging.pairs import Pair, pairs_of, query_id

__all__ = ["Ledger", "Pair", "Progress", "Summary", "label", "pairs_of", "query_id"]
