"""Pure functions from our neutral types to Elasticsearch's JSON and back."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np

from search.addresses import article_key
from search.encoders.base import FloatArray
from search.encoders.language_direction import put_together, take_apart
from search.records import Article, Filters, Passage, day_of
from search.stores.base import (
    MOST_FOUND,
    ArchiveProfile,
    Candidate,
    Entry,
    FloatArray64,
    Lookup,
    NearestLookup,
    Phrase,
    Scope,
    StoreStats,
    Stories,
    StoryLookup,
    Term,
    WordGroup,
    WordLookup,
    analysed,
    least_held,
    wanted_names,
)
from search.stores.elasticsearch.indices import META, SMALL, Json, part_of
from search.text.languages import FORM_FIELDS, LANGUAGES
from search.text.spelling import MOST_EDITS, nearest_words

FORMAT = 6
"""Of the documents. Nothing is migrated: an archive of another format is made anew."""
ARTICLES = "articles"
"""What an index of articles says in its ``_meta`` that it is."""
MOST_HITS = 1_000_000
"""Elasticsearch's window is 10,000 by default, and deep pages are asked for."""
_SPAN = ("position", "start", "stop")
_MOST_ID_BYTES = 512  # Elasticsearch's limit of _id
_OVERSAMPLE = 1.5
_MOST_ALIKE = 50
"""Words that are spelled like one: those few letters away come first."""
_LUCENE_SCALE = 1 / 2.2  # Elasticsearch kept the factor k1 + 1 that Lucene dropped
_MOST_CANDIDATES = 10_000  # of an approximate search, for Elasticsearch
_MOST_DAYS = 60_000  # 164 years; Elasticsearch gives up to 65,536 buckets
_TIES = 16
"""Hits asked for beyond k, so that those that tie with the k-th can be ordered by id."""


def made_field(profile: ArchiveProfile) -> str:
    """A field that only documents under this profile have.

    The mapping is strict: a document made otherwise is refused by the index itself, also when the
    archive was embedded anew between reading its profile and writing.
    """
    text = json.dumps(profile.to_json(), sort_keys=True)
    return f"made_{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def index_body(profile: ArchiveProfile, *, archive: str, of: str | None = None) -> Json:
    """Settings and mappings of an index of an archive's articles.

    Args:
        archive: The archive's name.
        of: Identity of the index that it is to replace.

    Text arrives analysed: tokens are divided by spaces. The forms that can be computed again are
    not kept in ``_source``. Vectors have explicit int8 quantisation: since 9.1 the default for our
    sizes is one bit.
    """
    positions = {"type": "text", "analyzer": "whitespace", "index_options": "positions"}
    frequencies = {"type": "text", "analyzer": "whitespace", "index_options": "freqs"}
    forms = {
        "properties": {
            "exact": positions,
            "folded": positions,
            "words": frequencies,
            "title": frequencies,
            "opening": frequencies,
            "pairs": frequencies,
            "authors": positions,
            "section": positions,
        }
    }
    vector = {
        "type": "dense_vector",
        "dims": profile.encoder.dimension,
        "similarity": "dot_product",
        "index": True,
        "index_options": {"type": "int8_hnsw"},
    }
    offset = {"type": "integer", "index": False}
    properties = {
        "id": {"type": "keyword"},
        "lang": {"type": "keyword"},
        "day": {"type": "integer"},
        "source": {"type": "keyword"},
        "hash": {"type": "keyword", "index": False},
        "key": {"type": "keyword"},
        "shallow": {"type": "boolean"},
        made_field(profile): {"type": "boolean", "index": False, "doc_values": False},
        "article": {"type": "object", "enabled": False},
        "passages": {
            "type": "nested",
            "properties": {
                "position": offset,
                "start": offset,
                "stop": offset,
                "vector": vector,  # language-free
                "language": {"type": "float", "index": False},  # what was taken out of it
            },
        },
        **dict.fromkeys(LANGUAGES, forms),
    }
    # Finding the words again costs more than all the rest.
    cheap = [name for name in FORM_FIELDS if name != "words"]
    recomputed = [f"{lang}.{name}" for lang in LANGUAGES for name in cheap]
    return {
        "settings": {
            **SMALL,
            "max_result_window": MOST_HITS,
            "max_terms_count": MOST_HITS,
        },
        "mappings": {
            "dynamic": "strict",
            "_meta": {
                META: part_of(archive, ARTICLES) | profile.to_json() | {"format": FORMAT, "of": of}
            },
            "_source": {"excludes": recomputed},
            "properties": properties,
        },
    }


def document_id(id_: str) -> str:
    """The ``_id`` of an article: its id, or a hash of one that is too long for Elasticsearch."""
    if 0 < len(id_.encode()) <= _MOST_ID_BYTES:
        return id_
    return f"sha256-{hashlib.sha256(id_.encode()).hexdigest()}"


def document(entry: Entry, made: ArchiveProfile) -> Json:
    """The document that keeps an entry whose vectors were made under a profile."""
    article, forms = entry.article, entry.forms
    vectors, languages = take_apart(entry.vectors, made.direction)
    return {
        "id": article.id,
        "lang": article.lang,
        "day": article.day,
        "source": article.source or "",
        "hash": article.content_hash,
        "key": article_key(article.url),
        "shallow": entry.shallow,
        made_field(made): True,
        "article": article.to_json(),
        "passages": [
            {
                "position": passage.position,
                "start": passage.start,
                "stop": passage.end,
                "vector": vector.tolist(),
                "language": language,
            }
            for passage, vector, language in zip(
                entry.passages, vectors, languages.tolist(), strict=True
            )
        ],
        article.lang: {name: getattr(forms, name) for name in FORM_FIELDS},
    }


def vectors_of(source: Mapping[str, Any], made: ArchiveProfile) -> FloatArray:
    """The model's own vectors of a document: float32, (passages, dimension)."""
    passages = source.get("passages") or []
    free = np.array([passage["vector"] for passage in passages], np.float32)
    languages = np.array([passage.get("language", 0.0) for passage in passages], np.float32)
    free = free.reshape(len(passages), made.encoder.dimension)
    return put_together(free, languages, made.direction)


def entry_of(source: Mapping[str, Any], made: ArchiveProfile) -> Entry:
    """The entry that a document keeps, given with its vectors."""
    article = Article.from_json(source["article"])
    passages = source.get("passages") or []
    return Entry(
        article,
        tuple(Passage(p["position"], p["start"], p["stop"]) for p in passages),
        vectors_of(source, made),
        analysed(article, words=source[article.lang]["words"]),
        bool(source.get("shallow")),
    )


def without_passages(source: Mapping[str, Any], made: ArchiveProfile) -> Entry:
    """The entry of a document, with its passages still to be embedded."""
    return replace(entry_of({**source, "passages": []}, made), shallow=True)


def search_body(lookup: Lookup) -> Json:
    """The search for a lookup of either kind."""
    return word_body(lookup) if isinstance(lookup, WordLookup) else nearest_body(lookup)


def word_body(lookup: WordLookup) -> Json:
    """The search for a lookup by words."""
    scope = lookup.scope
    query: Json = {"filter": _filters(scope), "must_not": _phrases(scope.excluded, scope.lang)}
    body: Json = {
        "query": {"bool": query},
        "size": _size(lookup),
        "_source": False,
        "docvalue_fields": ["id"],
        "track_total_hits": False,
    }
    if lookup.terms:
        query["should"] = [_term(term, scope.lang) for term in lookup.terms]
        query["minimum_should_match"] = 1
    else:  # every score is 0: order by id
        body |= {"sort": [{"id": "asc"}], "track_scores": False}
    return body


def nearest_body(lookup: NearestLookup) -> Json:
    """The search for a lookup by meaning: approximate, rescored exactly.

    Exact within given ids, and where more is wanted than an approximate search can give.
    """
    scope, vector = lookup.scope, lookup.vector.tolist()
    inner = {
        "size": 1,
        "_source": False,
        "docvalue_fields": [f"passages.{name}" for name in _SPAN],
    }
    if lookup.with_vectors:
        source = "doc['passages.vector'].vectorValue"  # no fields option gives it in 8.19 and 9
        inner["script_fields"] = {"vector": {"script": {"source": source}}}
    filters = [*_filters(scope)]
    if scope.excluded:
        filters.append({"bool": {"must_not": _phrases(scope.excluded, scope.lang)}})
    size = _size(lookup)
    body: Json = {
        "size": size,
        "_source": False,
        "docvalue_fields": ["id"],
        "track_total_hits": False,
    }
    if scope.ids is not None or 2 * size > _MOST_CANDIDATES:
        nested = _exact(vector) | {"inner_hits": inner}
        return body | {"query": {"bool": {"must": [{"nested": nested}], "filter": filters}}}
    return body | {
        "knn": {
            "field": "passages.vector",
            "query_vector": vector,
            "k": size,
            "num_candidates": max(2 * size, 200),
            "filter": filters,
            "rescore_vector": {"oversample": _OVERSAMPLE},
            "inner_hits": inner,
        }
    }


def stories_body(lookup: StoryLookup) -> Json:
    """The search for what may answer a query.

    What ranking wants to know comes as scores of named queries: one named "words" with the sum of
    BM25 scores, "share0" … with the weight of the groups that are held, "near0" … with the cosines.
    They are computed for every hit, also for those that only the vectors found.
    """
    scope = lookup.scope
    filters = _filters(scope)
    if scope.excluded:
        filters.append({"bool": {"must_not": _phrases(scope.excluded, scope.lang)}})
    named: list[Json] = []
    if lookup.terms:
        terms = [_term(term, scope.lang) for term in lookup.terms]
        named.append({"bool": {"should": terms, "_name": "words"}})
    held = [[_group(group, scope.lang) for group in groups] for groups in lookup.shares]
    for number, groups in enumerate(held):
        if groups:
            named.append({"bool": {"should": groups, "_name": f"share{number}"}})
    named += [
        {"nested": _exact(vector.tolist()) | {"_name": f"near{number}"}}
        for number, vector in enumerate(lookup.vectors)
    ]
    # Not match_none: with it the whole query would be optimised away, and the named ones with it.
    found: Json = {"term": {"lang": ""}}
    if scope.phrases or scope.ids is not None or lookup.everything:
        found = {"match_all": {}}
    elif held and held[0]:
        needed = least_held(lookup.shares[0], lookup.enough)
        found = {"bool": {"should": held[0], "minimum_should_match": needed}}
    body: Json = {
        "size": MOST_FOUND,
        "_source": False,
        "docvalue_fields": ["id", "day"],
        "track_total_hits": False,
        "query": {"bool": {"filter": filters, "must": [found], "should": named}},
    }
    if lookup.everything:
        body["sort"] = [{"day": {"order": "desc", "missing": "_last"}}, {"id": "asc"}]
        body["track_scores"] = True
    if len(lookup.vectors) and scope.ids is None:
        size = lookup.nearest + _TIES
        body["knn"] = [
            {
                "field": "passages.vector",
                "query_vector": vector.tolist(),
                "k": size,
                "num_candidates": 2 * size,
                "filter": filters,
                "rescore_vector": {"oversample": _OVERSAMPLE},
            }
            for vector in lookup.vectors
        ]
    return body


def stories_of(hits: Sequence[Mapping[str, Any]], lookup: StoryLookup) -> Stories:
    """What a search for what may answer a query has found."""
    by_id = {hit["fields"]["id"][0]: hit for hit in hits}
    scores = {id_: hit.get("matched_queries") or {} for id_, hit in by_id.items()}
    totals = [sum(group.weight for group in groups) or 1.0 for groups in lookup.shares]
    vectors = range(len(lookup.vectors))

    def column(ids: Sequence[str], name: str, missing: float) -> FloatArray64:
        return np.array([scores[id_].get(name, missing) for id_ in ids], np.float64)

    nearest = []
    for number in vectors:
        cosines = 2 * column([*by_id], f"near{number}", np.nan) - 1
        nearest.append(-np.sort(-cosines[~np.isnan(cosines)])[: lookup.nearest])
    kept = []
    for id_ in sorted(by_id):
        share = scores[id_].get("share0", 0.0) / totals[0] if totals else 0.0
        near = any(
            2 * scores[id_].get(f"near{number}", -1.0) - 1 >= best[-1] - 1e-6
            for number, best in zip(vectors, nearest, strict=True)
            if len(best)
        )
        enough = share >= lookup.enough * (1 - 1e-5)
        given = lookup.everything or lookup.scope.ids is not None
        if near or enough or lookup.scope.phrases or given:
            kept.append(id_)
    return Stories(
        ids=tuple(kept),
        days=np.array([by_id[id_]["fields"].get("day", [0])[0] for id_ in kept], np.int64),
        words=column(kept, "words", 0.0) * _LUCENE_SCALE,
        shares=np.column_stack(
            [column(kept, f"share{n}", 0.0) / total for n, total in enumerate(totals)]
        ),
        cosines=np.column_stack(
            [2 * column(kept, f"near{number}", np.nan) - 1 for number in vectors]
        )
        if len(lookup.vectors)
        else np.zeros((len(kept), 0)),
        nearest=tuple(nearest),
    )


def _exact(vector: Sequence[float]) -> Json:
    """A nested search for the cosine of each story's nearest passage, in a kNN search's scale."""
    return {
        "path": "passages",
        "score_mode": "max",
        "query": {
            "script_score": {
                "query": {"exists": {"field": "passages.vector"}},
                "script": {
                    "source": "(1 + dotProduct(params.vector, 'passages.vector')) / 2",
                    "params": {"vector": vector},
                },
            }
        },
    }


def _group(group: WordGroup, lang: str) -> Json:
    forms = [
        {
            "constant_score": {
                "filter": {"term": {f"{lang}.{term.field}": term.token}},
                "boost": term.boost * group.weight,
            }
        }
        for term in group.terms
    ]
    return forms[0] if len(forms) == 1 else {"dis_max": {"queries": forms}}


def _size(lookup: Lookup) -> int:
    """Hits to ask for."""
    return min(lookup.k + _TIES, MOST_HITS)


def stats_aggregations() -> Json:
    """What a search has to count for ``stats_of``."""
    return {
        "langs": {"terms": {"field": "lang", "size": 100}},
        "sources": {"terms": {"field": "source", "size": 10_000}},
        "first": {"min": {"field": "day"}},
        "last": {"max": {"field": "day"}},
        "passages": {"nested": {"path": "passages"}},
        "days": {"terms": {"field": "day", "size": _MOST_DAYS}},
        "undated": {"missing": {"field": "day"}},
        "shallow": {"filter": {"term": {"shallow": True}}},
    }


def stats_of(counted: Mapping[str, Any], *, bytes_used: int, tombstones: int) -> StoreStats:
    """What the counts say."""
    sources = {b["key"]: b["doc_count"] for b in counted["sources"]["buckets"]}
    months: Counter[str] = Counter()
    if undated := counted["undated"]["doc_count"]:
        months[""] = undated
    for bucket in counted["days"]["buckets"]:
        months[date.fromordinal(int(bucket["key"])).isoformat()[:7]] += bucket["doc_count"]
    return StoreStats(
        articles={b["key"]: b["doc_count"] for b in counted["langs"]["buckets"]},
        passages=counted["passages"]["doc_count"],
        sources=dict(sorted(sources.items(), key=lambda pair: (-pair[1], pair[0]))),
        date_first=_date(counted["first"]["value"]),
        date_last=_date(counted["last"]["value"]),
        bytes_used=bytes_used,
        months=dict(sorted(months.items())),
        shallow=counted["shallow"]["doc_count"],
        tombstones=tombstones,
    )


def word_candidates(hits: Sequence[Mapping[str, Any]], k: int) -> list[Candidate]:
    """What a search for words found, in Lucene's scale."""
    found = [
        Candidate(hit["fields"]["id"][0], float(hit["_score"] or 0.0) * _LUCENE_SCALE)
        for hit in hits
    ]
    return _best(found, k)


def nearest_candidates(hits: Sequence[Mapping[str, Any]], k: int) -> list[Candidate]:
    """What a search by meaning found; ``_score`` is (1 + cosine) / 2."""
    found = []
    for hit in hits:
        [inner] = hit["inner_hits"]["passages"]["hits"]["hits"]
        values = inner["fields"]
        passage = Passage(*(int(values[f"passages.{name}"][0]) for name in _SPAN))
        score = 2 * float(hit["_score"]) - 1
        vector = np.array(values["vector"][0], np.float32) if "vector" in values else None
        found.append(Candidate(hit["fields"]["id"][0], score, passage, vector))
    return _best(found, k)


def _best(found: list[Candidate], k: int) -> list[Candidate]:
    # Rescored in another order, equal vectors may differ in the last bits of a float32.
    return sorted(found, key=lambda candidate: (-round(candidate.score, 6), candidate.id))[:k]


def alike_body(words: Sequence[str]) -> Json:
    """The search for the vocabulary around some words: term suggesters, and their own counts."""
    suggesters: Json = {
        f"{lang}:{word}": {
            "text": word,
            "term": {
                "field": f"{lang}.folded",
                "analyzer": "keyword",
                "suggest_mode": "always",
                "max_edits": MOST_EDITS,
                "prefix_length": 1,
                "min_word_length": 1,
                "size": _MOST_ALIKE,
                "shard_size": _MOST_ALIKE,
                "max_inspections": _MOST_ALIKE,
                "accuracy": 0.0,
            },
        }
        for lang in LANGUAGES
        for word in words
    }
    counted = {
        f"{lang}:{word}": {"term": {f"{lang}.folded": word}} for lang in LANGUAGES for word in words
    }
    return {
        "size": 0,
        "suggest": suggesters,
        "aggs": {"words": {"filters": {"filters": counted}}},
        "track_total_hits": False,
    }


def alike_of(answer: Mapping[str, Any], words: Sequence[str]) -> dict[str, dict[str, int]]:
    """The vocabulary around each word; see ``Store.alike``."""
    itself = answer["aggregations"]["words"]["buckets"]
    found = {}
    for word in words:
        near: Counter[str] = Counter()
        for name in (f"{lang}:{word}" for lang in LANGUAGES):
            near[word] += itself[name]["doc_count"]
            for option in answer["suggest"][name][0]["options"]:
                near[option["text"]] += option["freq"]
        found[word] = nearest_words(word, (+near).items())
    return found


def _term(term: Term, lang: str) -> Json:
    return {"term": {f"{lang}.{term.field}": {"value": term.token, "boost": term.boost}}}


def conditions(lang: str | None, filters: Filters) -> list[Json]:
    """What articles of a language must satisfy to pass the filters."""
    found: list[Json] = [{"term": {"lang": lang}}] if lang else []
    first, last = day_of(filters.date_from), day_of(filters.date_to)
    if first is not None or last is not None:
        bounds = {"gte": first, "lte": last}
        found.append({"range": {"day": {k: v for k, v in bounds.items() if v is not None}}})
    if filters.sources:
        found.append({"terms": {"source": list(filters.sources)}})
    found.extend(
        {"bool": {"should": [phrase for of, some in names for phrase in _phrases(some, of)]}}
        for names in wanted_names(filters, lang)
    )
    return found


def _filters(scope: Scope) -> list[Json]:
    filters = conditions(scope.lang, scope.filters)
    if scope.ids is not None:
        filters.append({"terms": {"id": list(scope.ids)}})
    return filters + _phrases(scope.phrases, scope.lang)


def _phrases(phrases: Sequence[Phrase], lang: str) -> list[Json]:
    return [
        {"match_phrase": {f"{lang}.{phrase.field}": " ".join(phrase.tokens)}} for phrase in phrases
    ]


def _date(ordinal: float | None) -> str | None:
    return date.fromordinal(int(ordinal)).isoformat() if ordinal is not None else None
