"""A few sentences in many scripts, written for these tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

SENTENCES = [
    "Who signed the treaty, and when was it signed?",
    "The quick brown fox (aged 3½) jumps over 12,345.67 lazy dogs & cats!",
    "It's a state-of-the-art re-ranker; it doesn't cost $1,000/month.",
    "p53-mediated apoptosis increases IL-6 by 3.2±0.4 µg/mL at 37 °C.",
    "Où est passé l'été ? Il a plu à Besançon, c’est sûr.",
    "Über den Wolken muß die Freiheit wohl grenzenlos sein – sagt man.",
    "¿Cuántos años tiene el árbol más viejo del jardín botánico?",
    "Ile żółtych łodzi płynie dziś po Wiśle?",
    "Câte orașe sunt în România și cât de mari sunt?",
    "İstanbul'da bugün hava ılık ve güneşli.",
    "Сколько людей живёт в Санкт-Петербурге?",
    "Πόσοι άνθρωποι ζουν στην Αθήνα σήμερα;",
    "كم عدد الأشخاص الذين يعيشون في القاهرة؟",
    "כמה אנשים גרים היום בירושלים?",
    "आज दिल्ली में मौसम कैसा है और कल कैसा रहेगा?",
    "กรุงเทพมหานครมีประชากรกี่คนในปัจจุบัน",
    "Thành phố Hồ Chí Minh có bao nhiêu quận?",
    "東京都の人口はどのくらいですか。ｶﾀｶﾅも少し。",
    "北京有多少人口？二〇二四年的数据是什么？",
    "서울에는 몇 명이 살고 있습니까?",
    "Emoji 👩‍👩‍👧‍👦 and flags 🇫🇷🇯🇵 count as 👍🏽 too ❤️.",
    "Visit https://example.org/a_b?c=d#e or write to first.last@example.org",
]


def train_sentencepiece(prefix: Path, **options: Any) -> None:
    """Writes prefix.model, a unigram model trained on the sentences."""
    trainer = pytest.importorskip("sentencepiece").SentencePieceTrainer
    text = prefix.with_name("sentences.txt")
    text.write_text("\n".join(SENTENCES * 20), encoding="utf-8")
    trainer.train(
        input=str(text),
        model_prefix=str(prefix),
        hard_vocab_limit=False,
        minloglevel=2,
        **options,
    )
