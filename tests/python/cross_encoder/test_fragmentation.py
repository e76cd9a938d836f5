"""The warning that the embedded English model is given another language."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

from tamis import CrossEncoder, FragmentationWarning, LateInteraction
from tamis.demo.collection import load_abstracts
from tamis.fragmentation import LEAST, letters_per_token

OTHERS = {
    "tr": "Vestfalya Barışı, Otuz Yıl Savaşları'nı 1648 yılında sona erdirdi. Elçiler sınırlar, "
    "din özgürlüğü ve tazminatlar üzerine yıllarca görüştüler; belgeler sonunda Münster belediye "
    "sarayında imzalandı ve savaşa katılmış olan bütün Avrupa saraylarına gönderildi.",
    "vi": "Hòa ước Westfalen chấm dứt cuộc Chiến tranh Ba mươi năm vào năm 1648. Các sứ giả đã đàm "
    "phán nhiều năm về biên giới, quyền tự do tín ngưỡng và bồi thường thiệt hại, trước khi các "
    "văn kiện được ký kết tại tòa thị chính thành phố Münster rồi gửi đến các triều đình châu Âu.",
    "ru": "Вестфальский мир завершил Тридцатилетнюю войну в 1648 году. Послы несколько лет вели "
    "переговоры о границах, свободе вероисповедания и возмещении убытков, прежде чем грамоты "
    "были подписаны в ратуше города Мюнстера, а затем разосланы всем дворам Европы.",
    "ar": "أنهى صلح وستفاليا حرب الثلاثين عاما في سنة 1648. تفاوض السفراء سنوات عديدة حول الحدود "
    "وحرية العقيدة والتعويضات قبل أن توقع الوثائق في قاعة بلدية مدينة مونستر، ثم أرسلت "
    "إلى جميع ملوك أوروبا وأمرائها الذين شاركوا في تلك الحرب الطويلة المدمرة، وهكذا انتهت.",
    "th": "สนธิสัญญาเวสต์ฟาเลียยุติสงครามสามสิบปีในปี ค.ศ. 1648 คณะทูตเจรจากันหลายปีเรื่องเขตแดน "
    "เสรีภาพทางศาสนา และค่าชดเชยความเสียหาย ก่อนที่จะมีการลงนามในเอกสารที่ศาลากลางเมืองมึนส์เตอร์ "
    "แล้วส่งไปยังราชสำนักทุกแห่งในยุโรปที่เข้าร่วมในสงครามอันยาวนานครั้งนั้น",
    "zh": "威斯特伐利亚和约于一六四八年结束了三十年战争。使节们就边界、宗教自由和赔偿问题谈判多年，"
    "最后在明斯特市政厅签署文件，并送往欧洲各国宫廷。" * 4,
}

GERMAN = (
    "Der Vertrag von Münster beendete im Jahre 1648 den Dreißigjährigen Krieg. Die Gesandten "
    "verhandelten jahrelang über Gebietsansprüche, Religionsfreiheit und Entschädigungen, bevor "
    "die Urkunden im Rathaus der westfälischen Bischofsstadt unterzeichnet werden konnten."
)


@pytest.mark.parametrize("language", OTHERS)
def test_another_language_warns_at_the_callers_line(language: str) -> None:
    text = OTHERS[language]
    for call in (
        lambda: CrossEncoder().rank("1648", [text]),
        lambda: CrossEncoder().predict([("1648", text)]),
        lambda: CrossEncoder("tiny").rank("1648", [text]),
        lambda: LateInteraction("tiny").rank("1648", [text]),
        lambda: LateInteraction().rank("1648", [text]),
        lambda: LateInteraction().encode_passages([text]),
    ):
        with pytest.warns(FragmentationWarning, match="multilingual") as caught:
            call()
        assert len(caught) == 1
        assert caught[0].filename == __file__


def test_english_does_not() -> None:
    texts = [abstract.passage for abstract in load_abstracts()]
    values = [letters_per_token(texts[at : at + 8]) for at in range(0, len(texts), 8)]
    assert len(values) > 100
    assert min(value for value in values if value is not None) > LEAST
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        CrossEncoder().rank("what is the effect of vitamin D", texts[:3])


def test_a_language_that_it_can_rank_does_not() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        CrossEncoder().rank("Westfälischer Friede", [GERMAN])


def test_a_few_words_of_another_script_are_enough() -> None:
    with pytest.warns(FragmentationWarning, match="multilingual"):
        CrossEncoder("tiny").rank("кто написал Гамлета?", ["Шекспир.", "Бананы жёлтые."])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        CrossEncoder("tiny").rank("Kim yazdı?", ["Hamlet'i Shakespeare yazdı."])  # might be a name
        CrossEncoder("tiny").rank("NVDA", ["AAPL MSFT TSLA GOOG AMZN", "QQQ XLK SMH SOXX"])


def test_too_short_to_say() -> None:
    assert letters_per_token(["你好"]) is None
    assert letters_per_token([]) is None
    assert letters_per_token([" " * 1000]) is None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        CrossEncoder().predict([("a", "你好")])


def test_another_model_is_not_judged(one_label: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", FragmentationWarning)
        CrossEncoder(str(one_label)).predict([("1648", OTHERS["ru"])])
