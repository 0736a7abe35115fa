"""How many requests one address may make."""

import pytest
from support.pages import read_page

from search.errors import SettingsError
from search.settings import Settings
from webui import create_app

STATS = "/api/v1/stats"


@pytest.fixture
def limited(archive, settings):
    def make(limit="3 per minute", **more):
        made = Settings(archive=settings.archive, rate_limit=limit, **more)
        return create_app(archive, settings=made).test_client()

    return make


def statuses(client, target=STATS, times=5, **request):
    found = []
    for _ in range(times):
        with client.get(target, **request) as answer:
            found.append(answer.status_code)
    return found


def test_whoever_asks_too_often_has_to_wait(limited):
    client = limited()
    assert statuses(client) == [200, 200, 200, 429, 429]
    answer = client.get(STATS)
    assert answer.json["error"]["code"] == "too_many_requests"
    assert 1 <= int(answer.headers["Retry-After"]) <= 61
    page = client.get("/?ui=vi")
    assert page.status_code == 429
    assert 1 <= int(page.headers["Retry-After"]) <= 61
    assert read_page(page).one("h1").text == "Quá nhiều yêu cầu"


def test_health_and_static_files_are_not_counted(limited):
    client = limited()
    for target in ("/healthz", "/readyz", "/static/site.css", "/robots.txt"):
        assert statuses(client, target) == [200] * 5
    assert statuses(client) == [200, 200, 200, 429, 429]


def test_each_address_has_its_own(limited):
    client = limited("1 per minute")
    for address in ("192.0.2.1", "192.0.2.2", "2001:db8:1::1", "2001:db8:1:1::1"):
        assert statuses(client, times=2, environ_base={"REMOTE_ADDR": address}) == [200, 429]
    # One network chooses the end of its IPv6 addresses freely; IPv4 can be written as IPv6.
    for address in ("2001:db8:1::2", "::ffff:192.0.2.1"):
        assert statuses(client, times=1, environ_base={"REMOTE_ADDR": address}) == [429]


def test_forwarded_addresses_count_where_they_are_trusted(limited):
    def asked(client):
        return [
            client.get(STATS, headers={"X-Forwarded-For": f"192.0.2.{n}"}).status_code
            for n in range(3)
        ]

    assert asked(limited("1 per minute")) == [200, 429, 429]
    assert asked(limited("1 per minute", proxies=1)) == [200, 200, 200]


def test_nothing_is_limited_by_itself(client):
    assert statuses(client, times=30) == [200] * 30


@pytest.mark.parametrize(
    "wrong", [{"limit": "many"}, {"rate_limit_storage": "nosuch://u:geheim@x"}]
)
def test_limits_that_cannot_be_used_are_refused(limited, wrong):
    with pytest.raises(SettingsError, match="rate_limit") as caught:
        limited(**wrong)
    assert "geheim" not in str(caught.value)
