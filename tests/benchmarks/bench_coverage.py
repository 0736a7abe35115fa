"""How well `songngu before` knows what is in an archive; fits what it says of stories.

    python tests/benchmarks/bench_coverage.py NATURAL WORK [--out search/data/nearness.json]

NATURAL is an embedded archive of the stories of natural-dev (full texts), which is copied to the
folder WORK with parts of them taken out. Drafts, and what is to be said of each:

- half: every other sentence of a story, of which the archive has the others: the same event;
- pair: an NTREX article, of which the archive has the translation: the same event;
- retold: a demo story, of which an archive has the one in the other language, which no translator
  made: the same event; only stories of odd numbers, the others are for tests/quality;
- edited: a story of the archive without a quarter of its sentences: the same story;
- mixed: a paragraph of one half among those of another: background, at least;
- topic: a story that answers a judged query: what answers it too is background, at least;
- gone, absent, wiki: stories that were taken out, NTREX articles without either telling, and
  paragraphs of XQuAD: nothing is the same event.

Models are fitted on half of the drafts, thresholds chosen there, and figures given of the others;
what is written is fitted on all.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import random
import shutil
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

import indexer
from search.archive import open_archive
from search.cli import cli
from search.coverage import compare
from search.drafts import read_draft
from search.ranking.nearness import FEATURES, NearnessModel
from search.ranking.relevance import fit_regression
from search.text.sentences import sentences

DEMO = Path(indexer.__path__[0]) / "demo" / "stories.jsonl"
SHARED = Path(os.environ.get("SONGNGU_SHARED", "../shared")) / "data"
CHARS = 1400
"""Of a draft: embedding is what takes time."""
NUMBERS = {"half": 60, "pair": 50, "edited": 36, "topic": 80, "gone": 50, "wiki": 30}
NEGATIVES = 10.0  # weight of all that is not near, beside all that is
PENALTY = 1e-3
MONOTONE = frozenset(FEATURES) - {"across"}
FALSE_EVENTS = 0.015
"""Share of drafts about nothing in the archive, and of stories that do not answer the topic of one,
for which the same event may be claimed."""
PRECISION = 0.8
"""Share of what is said of stories judged for a draft's topic that answer it, partly at least."""


@dataclass
class Case:
    """A draft and what is known of the archive's stories: ids by label."""

    kind: str
    lang: str
    text: str
    want: list[str] = field(default_factory=list)
    partly: list[str] = field(default_factory=list)
    no: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    query: str = ""
    only: str = "both"


def rows(path):
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def articles(name):
    """The stories of a judged collection as articles."""
    return [
        {
            "id": row["_id"],
            "lang": row["metadata"]["lang"],
            "title": row.get("title", ""),
            "text": row["text"],
        }
        for row in rows(SHARED / name / "corpus.jsonl")
    ]


def split(text):
    whole = " ".join(text.split())
    return [whole[start:end] for start, end in sentences(whole)]


def paragraphs(parts):
    return "\n".join(" ".join(parts[i : i + 2]) for i in range(0, len(parts), 2))


def draft(title, parts):
    return (f"{title}\n\n" if title else "") + paragraphs(parts)[:CHARS]


def cases():
    """All drafts; the stories to take out of the archive, and those to put in."""
    choose = random.Random(7)
    natural = articles("natural-dev")
    by_id = {row["id"]: row for row in natural}
    judged = defaultdict(lambda: defaultdict(list))
    for line in (SHARED / "natural-dev/qrels/test.tsv").read_text("utf-8").splitlines()[1:]:
        query, id_, grade = line.split("\t")
        judged[query][int(grade)].append(id_)
    known = {id_ for grades in judged.values() for some in grades.values() for id_ in some}
    free = [r for r in natural if r["id"] not in known and 800 < len(r["text"]) < 3500]
    choose.shuffle(free)
    out, new, made = [], [], []
    for lang in ("vi", "en"):
        pool = iter([row for row in free if row["lang"] == lang])
        for _ in range(NUMBERS["half"] // 2):
            row = next(r for r in pool if len(split(r["text"])) >= 8)
            parts = split(row["text"])
            half = {**row, "id": f"half-{row['id']}", "title": "", "text": paragraphs(parts[1::2])}
            new.append(half)
            out.append(row["id"])
            made.append(Case("half", lang, draft(row["title"], parts[0::2]), [half["id"]]))
        for _ in range(NUMBERS["gone"] // 2):
            row = next(pool)
            out.append(row["id"])
            made.append(Case("gone", lang, draft(row["title"], split(row["text"]))))
        for _ in range(NUMBERS["edited"] // 2):
            row = next(pool)
            kept = [part for i, part in enumerate(split(row["text"])) if i % 4 != 1]
            made.append(Case("edited", lang, draft("", kept), [row["id"]]))
    halves = [case for case in made if case.kind == "half"]
    for one, other in zip(halves, choose.sample(halves, len(halves)), strict=True):
        if one is not other:
            odd = max(other.text.split("\n")[1:], key=len)
            text = f"{one.text[: CHARS // 2]}\n{odd}"
            made.append(Case("mixed", one.lang, text, other.want, hidden=one.want))
    ntrex = rows(SHARED / "ntrex-dev/articles.jsonl")
    new += ntrex
    for row in choose.sample(ntrex, NUMBERS["pair"]):
        other = row["id"][:-2] + ("vi" if row["lang"] == "en" else "en")
        text = f"{row['title']}\n{row['text'][:CHARS]}"
        made.append(Case("pair", row["lang"], text, [other], hidden=[row["id"]]))
        hidden = [r["id"] for r in ntrex]
        made.append(Case("absent", row["lang"], text, hidden=hidden))
    wiki = choose.sample(articles("xquad-dev"), NUMBERS["wiki"])
    made += [Case("wiki", row["lang"], row["text"][:CHARS]) for row in wiki]
    for query, grades in judged.items():
        answers = [id_ for id_ in grades[2] if id_ in by_id]
        if len(answers) > 1:
            for id_ in choose.sample(answers, min(2, len(answers))):
                row = by_id[id_]
                text = draft(row["title"], split(row["text"]))
                want = [other for other in answers if other != id_]
                made.append(
                    Case("topic", row["lang"], text, want, grades[1], grades[0], [id_], query)
                )
    return made, out, new


def retold():
    """Demo stories of odd numbers as drafts, with their counterparts."""
    told = {row["id"]: row for row in rows(DEMO)}
    for id_, row in told.items():
        lang = "en" if row["lang"] == "vi" else "vi"
        other = f"{id_[:-2]}{lang}"
        if other in told and int(id_.split("-")[1]) % 2:
            text = f"{row['title']}\n\n{row['lead']}\n{row['text']}"
            yield Case("retold", row["lang"], text, [other], query=id_[:-3], only=lang)


def demo_archive(work):
    """The archive of the demo stories."""
    path = work / "demo.db"
    if not path.exists():
        cli.main(["index", str(DEMO), "--archive", str(path)], standalone_mode=False)
    return open_archive(str(path))


def prepared(natural, work, out, new):
    """The archive: the stories of natural-dev without some, with halves and NTREX."""
    path = work / "coverage.db"
    if not path.exists():
        shutil.copy(natural, path)
        with open_archive(str(path)) as archive:
            archive.store.delete(out)
            archive.store.flush()
        source = work / "new.jsonl"
        source.write_text("".join(json.dumps(row) + "\n" for row in new), "utf-8")
        cli.main(["index", str(source), "--archive", str(path)], standalone_mode=False)
    return open_archive(str(path))


def remembering(archive, path):
    """Make an archive remember what it embedded, also from one run to the next."""
    known = pickle.loads(path.read_bytes()) if path.exists() else {}
    embed = archive.embed

    def recall(texts):
        if missing := [text for text in texts if text not in known]:
            known.update(zip(missing, embed(missing), strict=True))
            path.write_bytes(pickle.dumps(known))
        return np.stack([known[text] for text in texts])

    archive.embed = recall


def measured(archive, made):
    """For each case the features of its stories, and which of them have which label."""
    found = []
    for case in made:
        compared = compare(archive, read_draft(case.text), lang=case.only)
        links = archive.links(case.hidden)
        groups = {link.group for link in links.values()}
        hidden = set(case.hidden)
        labels = []
        for article in compared.articles:
            link = compared.links.get(article.id)
            if article.id in hidden or (link is not None and link.group in groups):
                labels.append("hidden")
            else:
                grades = {"want": case.want, "partly": case.partly, "no": case.no}
                labels.append(next((g for g, ids in grades.items() if article.id in ids), ""))
        found.append((case, compared, np.array(labels)))
    return found


def fitted(found):
    """The two models, from cases whose stories are known to be near or not."""
    data = {"event": [], "background": []}
    for case, compared, labels in found:
        for values, label in zip(compared.values, labels, strict=True):
            if label == "hidden":
                continue
            if case.kind in ("half", "pair", "retold"):
                data["event"].append((values, float(label == "want")))
            elif case.kind in ("absent", "wiki") or label == "no":
                data["event"].append((values, 0.0))
            if label == "want" and case.kind in ("half", "pair", "retold", "mixed", "topic"):
                data["background"].append((values, 1.0))
            elif label == "partly":
                data["background"].append((values, 0.5))
            elif label == "no" or case.kind in ("absent", "wiki"):
                data["background"].append((values, 0.0))
    models = {}
    for name, pairs in data.items():
        values, labels = np.array([v for v, _ in pairs]), np.array([label for _, label in pairs])
        scale = NEGATIVES * labels.sum() / (1 - labels).sum()
        weights = labels + (1 - labels) * scale
        models[name] = fit_regression(
            values,
            labels,
            weights,
            used=FEATURES,
            penalty=PENALTY,
            names=FEATURES,
            monotone=MONOTONE,
        )
    return models


def chosen(models, found):
    """The lowest probabilities from which on little is said that is not so, by direction."""
    least = {"event": {}, "background": {}}
    for direction, across in (("own", 0.0), ("across", 1.0)):
        told = {"event": [], "background": []}
        for case, compared, labels in found:
            here = compared.values[:, FEATURES.index("across")] == across
            if case.kind in ("absent", "wiki") and (here & (labels != "hidden")).any():
                values = compared.values[here & (labels != "hidden")]
                told["event"].append((models["event"].probabilities(values).max(), False))
            for label in ("want", "partly", "no"):
                of = (labels == label) & here
                if case.kind == "topic" and of.any():
                    for name, pairs in told.items():
                        some = models[name].probabilities(compared.values[of])
                        pairs += [(p, label != "no") for p in some]
        wrong = [p for p, right in told["event"] if not right]
        least["event"][direction] = float(np.quantile(wrong, 1 - FALSE_EVENTS))
        pairs = sorted(told["background"], reverse=True)
        precision = np.cumsum([right for _, right in pairs]) / np.arange(1, len(pairs) + 1)
        enough = np.flatnonzero(precision >= PRECISION)
        # What is said is to be more likely than not, whatever the pool of judged stories says.
        least["background"][direction] = max(0.5, float(pairs[enough[-1]][0]))
    return {
        kind: {direction: round(p, 3) for direction, p in values.items()}
        for kind, values in least.items()
    }


def report(model, found):
    """What is said, by kind of draft: shares of drafts and of stories."""
    told = defaultdict(list)
    for case, compared, labels in found:
        judged = model.judge(compared.values, compared.same)
        ranks = np.array([rank for rank, _ in judged])
        shown = labels != "hidden"
        event = shown & (ranks <= 1)
        across = "" if case.kind != "pair" else f" from {case.lang}"
        name = case.kind + across
        if case.kind in ("half", "pair", "retold", "edited", "mixed"):
            values = [(rank, -p) for rank, p in judged]
            order = [i for i in sorted(range(len(values)), key=values.__getitem__) if shown[i]]
            places = [i for i, label in enumerate(labels) if label == "want"]
            told[f"{name}: first"].append(bool(order) and order[0] in places)
            told[f"{name}: same event or story"].append(any(ranks[i] <= 1 for i in places))
            told[f"{name}: same story"].append(any(ranks[i] == 0 for i in places))
            told[f"{name}: said at all"].append(any(ranks[i] <= 2 for i in places))
            told[f"{name}: others called the same event"].append(
                sum(event) - sum(ranks[i] <= 1 for i in places)
            )
        elif case.kind == "topic":
            for label in ("want", "partly", "no"):
                of = labels == label
                told[f"topic: {label} said at all"] += (ranks[of] <= 2).tolist()
                told[f"topic: {label} same event"] += (ranks[of] <= 1).tolist()
        else:
            told[f"{name}: an event claimed"].append(bool(event.any()))
            told[f"{name}: background claimed"].append(bool((shown & (ranks == 2)).any()))
            told[f"{name}: background stories"].append(int((shown & (ranks == 2)).sum()))
    for name, values in told.items():
        print(f"{name:48} {np.mean(values):6.3f} of {len(values)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("natural", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--keep", type=Path, help="where to leave all that was compared")
    given = parser.parse_args()
    made, out, new = cases()
    with prepared(given.natural, given.work, out, new) as archive:
        remembering(archive, given.work / "vectors.pkl")
        found = measured(archive, made)
    with demo_archive(given.work) as archive:
        remembering(archive, given.work / "vectors.pkl")
        found += measured(archive, retold())
    # Whole queries, and both tellings of an NTREX article, on one side.
    sides = [hash_of(case) % 2 for case, _, _ in found]
    for side in (0, 1):
        fit = [f for f, s in zip(found, sides, strict=True) if s != side]
        models = fitted(fit)
        model = NearnessModel(models["event"], models["background"], chosen(models, fit))
        print(f"\nFitted on {len(fit)} drafts, measured on the others; from {model.least} on")
        report(model, [f for f, s in zip(found, sides, strict=True) if s == side])
    models = fitted(found)
    least = chosen(models, found)
    if given.keep:
        given.keep.write_bytes(pickle.dumps(found))
    print("\nAll", least, {name: m.to_json() for name, m in models.items()})
    report(NearnessModel(models["event"], models["background"], least), found)
    if given.out:
        written = {name: m.to_json() for name, m in models.items()} | {"least": least}
        given.out.write_text(json.dumps(written, indent=1) + "\n", "utf-8")


def hash_of(case):
    name = case.query or (case.hidden[0][:-3] if case.kind == "pair" else case.text[:40])
    return sum(name.encode())


if __name__ == "__main__":
    main()
