"""songngu evaluate and calibrate, on the stories that ship, told in both languages."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from support.archives import stories
from support.commands import one_line, songngu, songngu_json

from search.encoders import load_encoder
from search.ranking.profile import RankingProfile, profile_for


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Stories told in both languages in BEIR's format: their titles ask for both tellings."""
    folder = tmp_path_factory.mktemp("beir")
    told = {}
    for story in stories():
        told.setdefault(story["id"].rsplit("-", 1)[0], []).append(story)
    both = [tellings for tellings in told.values() if len(tellings) == 2]
    assert len(both) >= 20
    corpus, queries, qrels = [], [], ["query-id\tcorpus-id\tscore"]
    for tellings in both:
        for story in tellings:
            about = {"lang": story["lang"]}
            corpus.append({"_id": story["id"], "title": "", "text": story["text"]})
            queries.append({"_id": f"q-{story['id']}", "text": story["title"]})
            corpus[-1]["metadata"] = queries[-1]["metadata"] = about
            qrels += [f"q-{story['id']}\t{other['id']}\t1" for other in tellings]
    (folder / "qrels").mkdir()
    (folder / "corpus.jsonl").write_text("\n".join(map(json.dumps, corpus)), "utf-8")
    (folder / "queries.jsonl").write_text("\n".join(map(json.dumps, queries)), "utf-8")
    (folder / "qrels" / "test.tsv").write_text("\n".join(qrels) + "\n", "utf-8")
    return folder


def test_the_ranking_beside_what_others_do(folder):
    reports = songngu_json("evaluate", folder, "--compare", cwd=folder)
    assert list(reports) == ["BM25", "cosine", "rank fusion", "hybrid", "words", "meaning"]
    for report in reports.values():
        assert {"vi>vi", "vi>en", "en>vi", "en>en", "mixed", "latency_ms"} <= set(report)
    hybrid, fusion = reports["hybrid"], reports["rank fusion"]
    for direction in ("vi>en", "en>vi"):
        assert hybrid[direction]["ndcg@10"] > fusion[direction]["ndcg@10"]
    assert hybrid["mixed"]["both@10"] > reports["cosine"]["mixed"]["both@10"]


@pytest.fixture
def few(folder, tmp_path):
    """The first three stories of that folder."""
    for name in ("corpus.jsonl", "queries.jsonl"):
        lines = (folder / name).read_text("utf-8").splitlines()[:6]
        (tmp_path / name).write_text("\n".join(lines), "utf-8")
    shutil.copytree(folder / "qrels", tmp_path / "qrels")
    return tmp_path


def test_the_table_names_every_method(few):
    done = songngu("evaluate", few, "--compare", cwd=few)
    rows = [line.split()[0] for line in done.stdout.splitlines()[2:]]
    assert rows == ["BM25", "cosine", "rank", "hybrid", "words", "meaning"]


def test_a_store_that_is_none_is_named(folder):
    done = songngu("evaluate", folder, "--store", "news.db", cwd=folder)
    assert done.returncode == 1
    assert "--store" in one_line(done.stderr)


def test_constants_are_fitted_and_used(folder, tmp_path):
    """The fitted direction is near the one that ships; archives of another one are refused."""
    archive = tmp_path / "before.db"
    made = songngu("index", "-", "--archive", archive, cwd=tmp_path, stdin='{"text": "Một bài."}')
    assert made.returncode == 0
    environment = {"XDG_CONFIG_HOME": str(tmp_path / "config")}
    done = songngu("calibrate", folder, cwd=tmp_path, **environment)
    assert done.returncode == 0, done.stderr
    [kept] = (tmp_path / "config" / "songngu" / "profiles").glob("*.json")
    fitted = RankingProfile.from_json(json.loads(kept.read_text("utf-8")))
    shipped = profile_for(load_encoder().fingerprint)
    assert fitted.fingerprint == shipped.fingerprint
    assert float(np.dot(fitted.direction, shipped.direction)) > 0.7
    assert fitted.relevance.keys() == {"hybrid", "words", "meaning"}
    assert (
        fitted.relevance["hybrid"]["own"].to_json() != shipped.relevance["hybrid"]["own"].to_json()
    )
    assert fitted.linking == shipped.linking
    refused = songngu("search", "bài", "--archive", archive, cwd=tmp_path, **environment)
    assert refused.returncode == 1
    assert "songngu reembed" in one_line(refused.stderr)


def test_too_little_to_fit_is_told(few):
    done = songngu("calibrate", few, "--out", few / "out.json", cwd=few)
    assert done.returncode == 1
    assert "12 relevant articles" in one_line(done.stderr)


def test_a_damaged_profile_is_named(tmp_path):
    place = tmp_path / "config" / "songngu" / "profiles" / "broken.json"
    place.parent.mkdir(parents=True)
    place.write_text("{", "utf-8")
    done = songngu(
        *("index", "-", "--archive", tmp_path / "a.db"),
        cwd=tmp_path,
        stdin='{"text": "Một bài."}',
        XDG_CONFIG_HOME=str(tmp_path / "config"),
    )
    assert done.returncode == 1
    assert "broken.json" in one_line(done.stderr)
    assert "songngu calibrate" in done.stderr
