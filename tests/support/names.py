"""Rare Vietnamese personal names of an archive, and how well their bearers' stories are found."""

from __future__ import annotations

import random
import re
from collections import defaultdict

from search.records import Query
from search.text.languages import fold

_SURNAMES = (
    "Nguyễn Trần Lê Phạm Hoàng Huỳnh Phan Vũ Võ Đặng Bùi Đỗ Hồ Ngô Dương Lý Lương Trương Đinh Đoàn"
    " Lâm Mai Trịnh Cao Tạ Hà Tô Quách Chu La"
).split()
_WORD = re.compile(r"\w+")
_CAPITAL = r"[A-ZĐÀ-Ỹ][a-zđà-ỹ]+"
_NAME = re.compile(rf"\b(?:{'|'.join(_SURNAMES)})(?: {_CAPITAL}){{2}}\b(?! {_CAPITAL})")

FORMS = {
    "as written": lambda name: name,
    "in small letters": str.lower,
    "without diacritics": fold,
}


def rare_names(store, most):
    """[(name, ids of the stories that bear it)]: up to ``most``, each of one to three stories.

    Whoever's name is the same without marks bears it as well: up to five stories then.
    """
    bearers, texts = defaultdict(set), {}
    for article in store.stream(lang="vi"):
        text = f"{article.title}\n{article.body}"
        texts[article.id] = f" {' '.join(_WORD.findall(fold(text)))} "
        for name in _NAME.findall(text):
            bearers[name].add(article.id)
    names = sorted(name for name, ids in bearers.items() if len(ids) <= 3)
    random.Random(5).shuffle(names)
    found = []
    for name in names:
        ids = {id_ for id_, text in texts.items() if f" {fold(name)} " in text}
        if len(ids) <= 5:
            found.append((name, ids))
        if len(found) == most:
            break
    return found


def found_by_name(archive, names, form):
    """(share of names with such a story first, mean share of their stories in the first ten)."""
    first = ten = 0.0
    for name, ids in names:
        hits = archive.search(Query(FORMS[form](name), lang="vi", copies=True)).results["vi"]
        ranked = [hit.article.id for hit in hits]
        first += bool(ranked) and ranked[0] in ids
        ten += len(ids.intersection(ranked[:10])) / len(ids)
    return first / len(names), ten / len(names)
