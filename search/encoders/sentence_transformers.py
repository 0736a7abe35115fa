"""Any sentence-transformers model, by its name on a hub or as a folder."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from search.encoders.base import FloatArray, checksum, fingerprint, unit_rows
from search.errors import EncoderError

_WEIGHTS = (".bin", ".json", ".model", ".onnx", ".safetensors", ".txt", ".xml")
_USUAL_MAX_TOKENS = 512


class SentenceTransformersEncoder:
    """A sentence-transformers model. Safe to use from several threads: calls wait for each other.

    Args:
        model: A name such as "intfloat/multilingual-e5-base", or a folder.
        device: Such as "cpu" or "cuda"; None takes the fastest there is.
        batch_size: Texts computed at once.
        query_prompt: Put before each query; None takes the model's own, or what E5 models need.
        passage_prompt: Put before each passage; None likewise.

    Raises:
        EncoderError: There is no such model, or it cannot be loaded.
    """

    def __init__(
        self,
        model: str | Path,
        *,
        device: str | None = None,
        batch_size: int = 32,
        query_prompt: str | None = None,
        passage_prompt: str | None = None,
    ) -> None:
        folder = Path(model).expanduser()
        local = folder.is_dir()
        self.name = str(folder.resolve()) if local else str(model)
        self._model = _load(self.name, local, device=device)
        self._batch_size = max(1, batch_size)
        self._lock = threading.Lock()  # fast tokenizers cannot be shared: "Already borrowed"
        own = _own_prompts(self.name, self._model)
        self.prefixes = (
            own[0] if query_prompt is None else query_prompt,
            own[1] if passage_prompt is None else passage_prompt,
        )
        self.revision = _folder_digest(folder) if local else _commit(self._model)
        self.max_tokens = _max_tokens(self._model)
        self.dimension = int(self._run(["a"], query=True).shape[1])
        # A folder is known by its content: it may be moved.
        self.fingerprint = fingerprint(
            name="" if local else self.name,
            revision=self.revision,
            dimension=self.dimension,
            prefixes=self.prefixes,
        )

    def encode_queries(self, texts: Sequence[str]) -> FloatArray:
        """Embed queries: float32, shape (len(texts), dimension), L2-normalised rows.

        Raises:
            EncoderError: The model failed, such as for want of memory.
        """
        return self._encode(texts, query=True, progress=None)

    def encode_passages(
        self, texts: Sequence[str], *, progress: Callable[[int], None] | None = None
    ) -> FloatArray:
        """Embed passages: float32, shape (len(texts), dimension), L2-normalised rows.

        Raises:
            EncoderError: The model failed, such as for want of memory.
        """
        return self._encode(texts, query=False, progress=progress)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count the tokens of each text, without prefix and special tokens."""
        if not texts:
            return []
        cleaned = [_clean(text) for text in texts]
        with self._lock:
            tokenizer = self._open().tokenizer
            if hasattr(tokenizer, "encode_batch"):
                encodings = tokenizer.encode_batch(cleaned, add_special_tokens=False)
                return [len(encoding.ids) for encoding in encodings]
            encoded = tokenizer(
                cleaned, add_special_tokens=False, padding=False, truncation=False, verbose=False
            )
        return [len(ids) for ids in encoded["input_ids"]]

    def release(self) -> None:
        """Do nothing: queries and passages are computed by one model."""

    def close(self) -> None:
        """Free the model."""
        with self._lock:
            self._model = None

    def _encode(
        self, texts: Sequence[str], *, query: bool, progress: Callable[[int], None] | None
    ) -> FloatArray:
        vectors = np.empty((len(texts), self.dimension), np.float32)
        cleaned = [_clean(text) for text in texts]
        # Texts of one length together: padding is computed like text.
        order = sorted(range(len(cleaned)), key=lambda place: -len(cleaned[place]))
        for start in range(0, len(order), self._batch_size):
            batch = order[start : start + self._batch_size]
            vectors[batch] = self._run([cleaned[place] for place in batch], query=query)
            if progress is not None:
                progress(len(batch))
        return vectors

    def _run(self, texts: list[str], *, query: bool) -> FloatArray:
        with self._lock:
            model = self._open()
            encode = model.encode_query if query else model.encode_document
            try:
                vectors = encode(
                    texts,
                    prompt=self.prefixes[0 if query else 1],
                    batch_size=self._batch_size,
                    show_progress_bar=False,
                    convert_to_numpy=True,
                )
            except Exception as error:
                raise EncoderError(
                    f"{self.name} failed on {len(texts)} texts ({error}): try a smaller batch size"
                    ' or the device "cpu"'
                ) from error
        return unit_rows(vectors)

    def _open(self) -> Any:
        if self._model is None:
            raise EncoderError("the encoder is closed: load it again")
        return self._model


def _load(name: str, local: bool, *, device: str | None) -> Any:
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError as error:
        raise EncoderError(
            f"{name} needs sentence-transformers ({error}): "
            "`pip install sentence-transformers`, or use the encoder named bundled"
        ) from error
    if not local and (name.startswith(("/", ".", "~", "\\")) or name.count("/") > 1):
        raise EncoderError(f"there is no folder {name}: correct the path, or name a hub's model")
    try:
        with _without_loading_bar():
            return SentenceTransformer(name, device=device)
    except Exception as error:
        reason = str(error).strip().split("\n")[0] or type(error).__name__
        advice = (
            "it must hold a complete sentence-transformers model"
            if local
            else "check the name and the network, download it once into a folder and name that, "
            "or use the encoder named bundled"
        )
        raise EncoderError(f"{name} cannot be loaded ({reason}): {advice}") from error


@contextmanager
def _without_loading_bar() -> Iterator[None]:
    """Hide the bar of weights read from the disk; that of a download, which takes long, stays."""
    from huggingface_hub.utils import are_progress_bars_disabled, enable_progress_bars
    from transformers.utils import logging

    shown, downloads_shown = logging.is_progress_bar_enabled(), not are_progress_bars_disabled()
    logging.disable_progress_bar()
    if downloads_shown:
        enable_progress_bars()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


def _own_prompts(name: str, model: Any) -> tuple[str, str]:
    """Find the model's prompts; those of E5 where the model is one and names none."""
    prompts = model.prompts or {}
    query = prompts.get("query") or ""
    passage = prompts.get("document") or prompts.get("passage") or ""
    stem = Path(name).name.lower()
    if not query and not passage and re.search(r"(^|[-_.])e5([-_.]|$)", stem):
        # Wang et al., arXiv 2212.03533; the instructed ones want a task instead.
        return ("", "") if "instruct" in stem else ("query: ", "passage: ")
    return query, passage


def _max_tokens(model: Any) -> int:
    longest = model.max_seq_length
    return int(longest) if longest and longest < 1_000_000 else _USUAL_MAX_TOKENS


def _commit(model: Any) -> str:
    """The commit that was loaded from the hub, where it is known."""
    config = getattr(getattr(model[0], "auto_model", None), "config", None)
    return str(getattr(config, "_commit_hash", None) or "main")


def _folder_digest(folder: Path) -> str:
    files = sorted(path for path in folder.rglob("*") if path.suffix in _WEIGHTS)
    facts = {path.relative_to(folder).as_posix(): checksum(path) for path in files}
    return fingerprint(**facts)


def _clean(text: str) -> str:
    """Text that tokenizers take: no lone surrogates."""
    return text.encode("utf-8", "replace").decode("utf-8")
