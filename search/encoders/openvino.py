"""The bundled model as an OpenVINO graph: the fastest way to embed many texts on a CPU."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import openvino as ov
from openvino import Type
from openvino import opset13 as op

from search.encoders.base import FloatArray
from search.encoders.batches import batches
from search.encoders.packed import PackedModel
from search.encoders.tokenizer import build_tokenizer
from search.errors import EncoderError

# Larger batches leave the processor's cache: half the rate.
_BATCH_TOKENS = 512


class OpenVinoModel:
    """Embeds texts with the packed weights. Safe to use from several threads at once.

    It computes in bfloat16 where the processor has instructions for that, in float32 elsewhere:
    OpenVINO's own choice. Weights left in 4 bits are no faster, with or without AVX-512.

    Raises:
        RuntimeError: OpenVINO cannot be used on this machine.
    """

    def __init__(self, model: PackedModel) -> None:
        self._model = model
        self._tokenizer = build_tokenizer(model)
        self._places = (
            model.floats("emb.pos", columns=model.hidden)
            + (model.floats("emb.type", columns=model.hidden)[0])
        )
        self._lock = threading.Lock()  # the compiled model keeps its buffers between calls
        self._compiled = ov.Core().compile_model(_Graph(model).build(), "CPU")

    def encode(
        self, texts: Sequence[str], *, progress: Callable[[int], None] | None = None
    ) -> FloatArray:
        """Vectors of texts that already carry their prefix: float32, (len(texts), hidden).

        Raises:
            EncoderError: OpenVINO failed, such as for want of memory.
        """
        vectors = np.empty((len(texts), self._model.hidden), np.float32)
        ids = [self._cut(encoding.ids) for encoding in self._tokenizer.encode_batch(list(texts))]
        for batch in batches([len(each) for each in ids], tokens=_BATCH_TOKENS):
            vectors[batch] = self._run([ids[place] for place in batch])
            if progress is not None:
                progress(len(batch))
        return vectors

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """How many tokens each text has, without special tokens."""
        encodings = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return [len(encoding.ids) for encoding in encodings]

    def _cut(self, ids: list[int]) -> list[int]:
        longest = self._model.positions
        return ids if len(ids) <= longest else [*ids[: longest - 1], self._model.end]

    def _run(self, ids: Sequence[Sequence[int]]) -> FloatArray:
        shape = (len(ids), max(map(len, ids)))
        padded = np.full(shape, self._model.pad, np.int64)
        mask = np.zeros(shape, np.float32)
        for row, each in enumerate(ids):
            padded[row, : len(each)] = each
            mask[row, : len(each)] = 1
        # Looked up here: as part of the graph the table of words would take 400 MB.
        embedded = self._model.embeddings(padded) + self._places[: shape[1]]
        with self._lock:
            try:
                vectors: FloatArray = np.array(self._compiled([embedded, mask])[0], np.float32)
            except RuntimeError as error:
                raise EncoderError(
                    f"OpenVINO failed on {shape[0]} texts of up to {shape[1]} tokens ({error}): "
                    "free some memory and start again"
                ) from error
        return vectors


class _Graph:
    """BERT (Devlin et al., arXiv 1810.04805) from word embeddings to one vector for each text."""

    def __init__(self, model: PackedModel) -> None:
        self._model = model

    def build(self) -> ov.Model:
        """Inputs: embeddings (texts, tokens, hidden) and mask (texts, tokens), 1 for a token."""
        hidden = self._model.hidden
        embedded = op.parameter([-1, -1, hidden], Type.f32, name="embedded")
        mask = op.parameter([-1, -1], Type.f32, name="mask")
        blocked = op.multiply(
            op.subtract(op.unsqueeze(mask, _integers(1, 2)), np.float32(1)), np.float32(1e9)
        )
        x = self._normalised(embedded, "emb.ln")
        for layer in range(self._model.layers):
            x = self._layer(x, blocked, f"l{layer}")
        summed = op.reduce_sum(op.multiply(x, op.unsqueeze(mask, _integers(2))), _integers(1))
        unit = op.normalize_l2(summed, _integers(1), 1e-12, "max")
        return ov.Model([unit], [embedded, mask], "e5")

    def _layer(self, x: Any, blocked: Any, name: str) -> Any:
        heads = self._model.heads
        query, key, value = (
            op.transpose(
                op.reshape(
                    self._linear(x, f"{name}.{part}"),
                    _integers(0, 0, heads, self._model.hidden // heads),
                    True,
                ),
                _integers(0, 2, 1, 3),
            )
            for part in "qkv"
        )
        attended = op.scaled_dot_product_attention(query, key, value, blocked)
        joined = op.reshape(
            op.transpose(attended, _integers(0, 2, 1, 3)),
            _integers(0, 0, self._model.hidden),
            True,
        )
        x = self._normalised(op.add(x, self._linear(joined, f"{name}.ao")), f"{name}.aln")
        inner = op.gelu(self._linear(x, f"{name}.fi"), "erf")
        return self._normalised(op.add(x, self._linear(inner, f"{name}.fo")), f"{name}.oln")

    def _normalised(self, x: Any, name: str) -> Any:
        unscaled = op.mvn(x, _integers(2), True, self._model.epsilon, "inside_sqrt")
        weight, bias = (self._model.floats(f"{name}.{part}") for part in "wb")
        return op.add(op.multiply(unscaled, op.constant(weight)), op.constant(bias))

    def _linear(self, x: Any, name: str) -> Any:
        columns = self._model.feed_forward if name.endswith(".fo") else self._model.hidden
        weights = op.constant(self._model.floats(f"{name}.w", columns=columns))
        bias = op.constant(self._model.floats(f"{name}.b"))
        return op.add(op.matmul(x, weights, False, True), bias)


def _integers(*values: int) -> Any:
    return op.constant(np.array(values, np.int64))
