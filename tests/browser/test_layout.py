"""Pages hold still while they load, and fit the window."""

import pytest

SHIFTS = """
() => new Promise((resolve) => {
  let sum = 0;
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) sum += entry.value;
  });
  observer.observe({ type: "layout-shift", buffered: true });
  requestAnimationFrame(() => setTimeout(() => resolve(sum), 300));
})
"""
SUPPORTED = "() => PerformanceObserver.supportedEntryTypes.includes('layout-shift')"
PAGES = ["/", "/?q=đường sắt tốc độ cao&k=50", "/article/demo-003-vi", "/api"]


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("ui", ["vi", "en"])
def test_nothing_moves_and_nothing_sticks_out(visit, path, width, ui):
    address = f"{path}{'&' if '?' in path else '?'}ui={ui}"
    page = visit(address, viewport={"width": width, "height": 800})
    page.wait_for_load_state("load")
    assert page.evaluate(SUPPORTED)
    # Where the machine is slow, a list is painted before its end has come in.
    assert page.evaluate(SHIFTS) < 0.01
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
