"""Two tellings set against each other: true translations are hardly flagged, planted errors are.

Measured 2026-11-27 on 161 pairs of parallel text, NTREX and XQuAD: flagged are 0.4 % of 452
numbers, 2.5 % of 239 dates and 8.1 % of 1,191 names that either says. These were not judged one by
one: many are mistakes of the translators, most names are transliterated ("Temüjin", "Thiết Mộc
Chân"). The rules and the list of translated words were made on these texts, so others may be
flagged more. Of planted errors 98 % of 278 digits changed in numbers and all of 144 in dates are
found, 15 of 20 weekdays and months moved, 94 % of 371 names put for others; the rest says what the
text says elsewhere.
"""

import json
import random
from collections import Counter

import pytest

from search.text.comparison import KINDS, compare
from search.text.languages import normalise

MOST_FLAGGED = {"number": 0.01, "date": 0.03, "name": 0.09}
LEAST_FOUND = {"number: digit": 0.94, "date: digit": 0.97, "date: word": 0.75, "name": 0.94}
PLANTED_OF_A_KIND = 3
WORDS = [
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
    ["January", "February", "March", "April", "June", "July", "August", "September", "October"],
]


@pytest.fixture(scope="module")
def pairs(shared):
    """The texts of each pair by language, and what they are found to say."""
    rows = [
        json.loads(line)
        for name in ("ntrex-dev", "xquad-dev")
        for line in (shared / "data" / name / "corpus.jsonl").read_text("utf-8").splitlines()
    ]
    texts = {}
    for row in rows:
        told = normalise(f"{row['title']}\n{row['text']}")
        texts.setdefault(row["metadata"]["pair"], {})[row["metadata"]["lang"]] = told
    return [(pair, compare(pair)) for _, pair in sorted(texts.items())]


def flagged(texts, statements):
    """What is flagged, as (kind, language, words)."""
    return {
        (statement.kind, lang, texts[lang][start:end])
        for statement in statements
        for lang, mentions in statement.mentions.items()
        for mention in mentions
        for start, end in mention.flagged
    }


def test_true_translations_are_hardly_flagged(pairs):
    told, differing = Counter(), Counter()
    for _, statements in pairs:
        told.update(s.kind for s in statements)
        differing.update(s.kind for s in statements if s.differs)
    assert min(told[kind] for kind in KINDS) > 200
    shares = {kind: differing[kind] / told[kind] for kind in KINDS}
    print(told, shares)
    assert {kind: s for kind, s in shares.items() if s > MOST_FLAGGED[kind]} == {}


def changed(kind, text, names, chance):
    """What a mistake makes of a number, date or name, and what kind of mistake it is."""
    if kind == "name":
        return "name", chance.choice([name for name in names if name != text])
    digits = [at for at, char in enumerate(text) if char.isdigit()]
    if digits:
        at = chance.choice(digits)
        digit = chance.choice([one for one in "123456789" if one != text[at]])
        return f"{kind}: digit", text[:at] + digit + text[at + 1 :]
    for words in WORDS:
        if text in words:
            return f"{kind}: word", chance.choice([word for word in words if word != text])
    return None


def test_planted_errors_are_flagged(pairs):
    chance = random.Random(11)
    agreeing = [[s for s in statements if not s.differs] for _, statements in pairs]
    names = {
        lang: sorted(
            {
                m.text
                for some in agreeing
                for s in some
                if s.kind == "name"
                for m in s.mentions[lang]
            }
        )
        for lang in ("vi", "en")
    }
    planted, found = Counter(), Counter()
    for (texts, statements), agreed in zip(pairs, agreeing, strict=True):
        before = flagged(texts, statements)
        for kind in KINDS:
            some = [s for s in agreed if s.kind == kind]
            for statement in chance.sample(some, min(PLANTED_OF_A_KIND, len(some))):
                lang = chance.choice(["vi", "en"])
                mention = chance.choice(statement.mentions[lang])
                mistake = changed(kind, mention.text, names[lang], chance)
                if mistake is None:
                    continue
                what, instead = mistake
                text = texts[lang]
                wrong = texts | {lang: text[: mention.start] + instead + text[mention.end :]}
                planted[what] += 1
                found[what] += bool(flagged(wrong, compare(wrong)) - before)
    shares = {what: found[what] / planted[what] for what in LEAST_FOUND}
    print(planted, shares)
    assert {what: share for what, share in shares.items() if share < LEAST_FOUND[what]} == {}
