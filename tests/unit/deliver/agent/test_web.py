"""Whatever the network and the server do, a download completes or says why, and little is sent twice."""

from __future__ import annotations

import dataclasses
import os
import socket
import threading
from collections.abc import Callable

import pytest

from fault_server import FINE, Fault, faulty
from limen.deliver.agent.pace import Pace
from limen.deliver.agent.web import Net, Web
from limen.errors import LimenError, Refused, Unreachable, UsageError

DATA = os.urandom(64 * 1024 + 321)
OTHER = os.urandom(len(DATA))
NET = Net(
    connect_seconds=2, read_seconds=0.5, header_seconds=0.5, slowest=200, slow_seconds=0.4, tries=3, chunk=1024, pause=0
)


class Buffer:
    """A sink in memory."""

    def __init__(self, data: bytes = b"") -> None:
        self.data, self.restarts = bytearray(data), 0

    @property
    def size(self) -> int:
        return len(self.data)

    def append(self, data: bytes) -> None:
        self.data += data

    def restart(self) -> None:
        self.data.clear()
        self.restarts += 1


def fetched(script: Callable[[int], Fault], start: bytes = b"", net: Net = NET) -> tuple[bytes, int, int]:
    """The bytes that came, how many were sent, and in how many requests."""
    with faulty({"a/f.full": DATA}, lambda n, _path: script(n)) as server:
        sink, web = Buffer(start), Web(server.url, net)
        web.fetch("a/f.full", len(DATA), sink)
        web.close()
        return bytes(sink.data), server.seen.sent, len(server.seen.requests)


def failure(script: Callable[[int], Fault], net: Net = NET) -> LimenError:
    with faulty({"a/f.full": DATA}, lambda n, _path: script(n)) as server, pytest.raises(LimenError) as caught:
        Web(server.url, net).fetch("a/f.full", len(DATA), Buffer())
    return caught.value


@pytest.mark.parametrize("cut", [1024, 1000, 4096, 1])
def test_cut_again_and_again_a_download_completes_and_at_most_one_chunk_is_sent_twice(
    cut: int, record_property: Callable[[str, object], None]
) -> None:
    data = DATA if cut > 1 else DATA[:300]
    with faulty({"f": data}, lambda n, _path: Fault(cut=cut)) as server:
        sink = Buffer()
        Web(server.url, dataclasses.replace(NET, slowest=0)).fetch("f", len(data), sink)
        assert sink.data == data
        assert sink.restarts == 0
        assert server.seen.sent <= len(data) + NET.chunk
        assert len(server.seen.requests) == -(-len(data) // cut)
        record_property("cuts of one file", len(server.seen.requests) - 1)
        record_property("bytes sent again", server.seen.sent - len(data))


def test_cut_at_every_kibibyte_once_each_goes_on_where_it_was(
    record_property: Callable[[str, object], None],
) -> None:
    again = []
    for at in range(0, len(DATA), 1024):
        data, sent, requests = fetched(lambda n, at=at: Fault(cut=at) if n == 0 else FINE)
        assert data == DATA
        assert requests == 2
        assert sent <= len(DATA) + NET.chunk
        again.append(sent - len(DATA))
    record_property("files cut once", len(again))
    record_property("bytes sent again", max(again))


def test_what_came_in_before_the_process_ended_is_not_sent_again() -> None:
    data, sent, _ = fetched(lambda n: FINE, start=DATA[:50_000])
    assert data == DATA
    assert sent == len(DATA) - 50_000


def test_a_server_without_ranges_sends_all_again_and_is_still_used() -> None:
    data, sent, _ = fetched(lambda n: Fault(cut=30_000) if n == 0 else Fault(ranges=False))
    assert data == DATA
    assert sent == len(DATA) + 30_000


def test_a_file_that_changes_on_the_way_is_begun_again() -> None:
    with faulty({"f": OTHER}, lambda n, _path: Fault(cut=30_000) if n == 0 else FINE) as server:
        sink = Buffer()
        original = server.script

        def script(n: int, path: str) -> Fault:
            if n == 1:
                server.files["f"] = DATA
            return original(n, path)

        server.script = script
        Web(server.url, NET).fetch("f", len(DATA), sink)
        assert sink.data == DATA
        assert sink.restarts == 1
        assert server.seen.requests[1][2]["if-range"].startswith('"')


def test_another_etag_in_the_rest_is_seen_even_if_the_server_ignores_if_range() -> None:
    answers = [Fault(cut=30_000, tag='"a"'), Fault(tag='"a"', headers={"ETag": '"b"'})]
    with faulty({"f": DATA}, lambda n, _path: answers[n] if n < 2 else FINE) as server:
        sink = Buffer()
        Web(server.url, NET).fetch("f", len(DATA), sink)
        assert sink.data == DATA
        assert sink.restarts == 1


def test_a_weak_etag_is_not_used_for_a_range() -> None:
    with faulty({"f": DATA}, lambda n, _path: Fault(cut=9_000, tag='W/"a"') if n == 0 else FINE) as server:
        sink = Buffer()
        Web(server.url, NET).fetch("f", len(DATA), sink)
        assert sink.data == DATA
        assert "if-range" not in server.seen.requests[1][2]


def test_a_range_that_is_another_one_is_begun_again() -> None:
    data, _, _ = fetched(lambda n: (Fault(cut=30_000), Fault(shift=5))[n] if n < 2 else FINE)
    assert data == DATA


def test_416_begins_again() -> None:
    data, _, requests = fetched(lambda n: Fault(status=416) if n == 0 else FINE, start=OTHER[:100])
    assert data == DATA
    assert requests == 2


def test_more_than_the_file_in_the_sink_is_thrown_away() -> None:
    assert fetched(lambda n: FINE, start=OTHER + b"x")[0] == DATA


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_a_busy_server_is_asked_again(status: int) -> None:
    assert fetched(lambda n: Fault(status=status, headers={"Retry-After": "0"}) if n < 2 else FINE)[0] == DATA


def test_retry_after_is_kept_and_a_long_one_ends_the_attempt() -> None:
    slept: list[float] = []
    with faulty(
        {"f": DATA}, lambda n, _p: Fault(status=503, headers={"Retry-After": "7"}) if not n else FINE
    ) as server:
        Web(server.url, NET, slept.append).fetch("f", len(DATA), Buffer())
    assert slept == [7.0]
    error = failure(lambda n: Fault(status=429, headers={"Retry-After": "3600"}))
    assert isinstance(error, Unreachable)
    assert error.seconds == 3600
    dated = failure(lambda n: Fault(status=503, headers={"Retry-After": "Fri, 31 Dec 2100 23:59:59 GMT"}))
    assert isinstance(dated, Unreachable)
    assert dated.seconds > 1e9


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault(status=404), "404"),
        (Fault(status=301, headers={"Location": "/elsewhere"}), "301"),
        (Fault(status=501), "501"),
        (Fault(more=b"x"), "announced"),
        (Fault(more=b"x", chunked=True), "longer"),
        (Fault(headers={"Content-Length": "5"}), "announced"),
        (Fault(headers={"Content-Encoding": "gzip"}), "gzip"),
        (Fault(headers={"Content-Encoding": "br"}), "br"),
    ],
)
def test_an_answer_that_is_not_the_file_is_given_up_at_once(fault: Fault, said: str) -> None:
    seen = []

    def script(n: int) -> Fault:
        seen.append(n)
        return fault

    error = failure(script)
    assert isinstance(error, Unreachable)
    assert said in error.message
    assert len(seen) == 1


def test_the_body_comes_in_chunks_or_not() -> None:
    assert fetched(lambda n: Fault(chunked=True))[0] == DATA
    assert fetched(lambda n: Fault(chunked=True, cut=10_000) if n == 0 else Fault(chunked=True))[0] == DATA


@pytest.mark.parametrize("fault", [Fault(drip=0.05), Fault(header_drip=0.05), Fault(hang=True)])
def test_a_server_that_is_slow_on_purpose_is_given_up(fault: Fault) -> None:
    error = failure(lambda n: fault, dataclasses.replace(NET, tries=1))
    assert isinstance(error, Refused if fault.drip else Unreachable)


def test_a_slow_server_keeps_no_request_for_metadata_either() -> None:
    with faulty({"t": DATA}, lambda n, _p: Fault(drip=0.05)) as server, pytest.raises(Refused) as caught:
        Web(server.url, NET).read("t", 1 << 20)
    assert caught.value.reason == "slow"


def test_nobody_there_no_such_name_and_a_name_that_is_none() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for url in (f"http://127.0.0.1:{port}", "http://no-such-host.invalid"):
        with pytest.raises(Unreachable):
            Web(url, NET).fetch("f", 1, Buffer())
        with pytest.raises(Unreachable):
            Web(url, NET).read("f", 1)
    with pytest.raises(UsageError):
        Web("ftp://host/", NET)


def test_requests_ask_for_plain_bytes_and_no_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with faulty({"f": DATA}) as server:
        Web(server.url, NET).fetch("f", len(DATA), Buffer())
        assert server.seen.requests[0][2]["accept-encoding"] == "identity"
        assert server.seen.requests[0][1] == "f"
    with faulty({}) as proxy:
        proxy.files[f"{server.url}/f"] = DATA
        sink = Buffer()
        Web(server.url, dataclasses.replace(NET, proxy=proxy.url)).fetch("f", len(DATA), sink)
        assert sink.data == DATA


def test_a_file_larger_than_the_cap_is_not_begun() -> None:
    assert "at most 1000" in failure(lambda n: FINE, dataclasses.replace(NET, largest=1000)).message


def test_metadata_is_read_within_its_limit_and_absence_is_no_error() -> None:
    with faulty({"m/1.root.json": b"x" * 100}) as server:
        web = Web(server.url, NET)
        assert web.read("m/1.root.json", 100) == b"x" * 100
        assert web.read("m/1.root.json", 10) == b"x" * 11
        assert web.read("m/2.root.json", 10) is None


def test_endless_metadata_is_not_read_to_its_end() -> None:
    with faulty({"m": b"x" * (1 << 24)}) as server:
        assert len(Web(server.url, NET).read("m", 1000) or b"") == 1001
        assert server.seen.sent < 1 << 23


def test_a_timestamp_that_did_not_change_is_not_sent_again() -> None:
    with faulty({"timestamp.json": b"{}"}) as server:
        web = Web(server.url, NET)
        assert [web.read("timestamp.json", 100) for _ in range(3)] == [b"{}"] * 3
        assert server.seen.sent == 2
        server.files["timestamp.json"] = b"[1]"
        assert web.read("timestamp.json", 100) == b"[1]"


def test_a_message_is_sent_once_and_its_answer_read_within_a_limit() -> None:
    got: list[bytes] = []
    with faulty({}, lambda n, _p: FINE) as server:
        server.posts["report"] = lambda body, headers: (got.append(body) or 204, b"")
        assert Web(server.url, NET).post("report", b"{}", {"limen-device": "d"}).status == 204
        server.posts["report"] = lambda body, headers: (got.append(body) or 503, b"")
        with pytest.raises(Unreachable):
            Web(server.url, NET).post("report", b"{}", {})
    assert got == [b"{}"] * (1 + NET.tries)


class Time:
    """A clock that moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now, self.slept = 0.0, 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept += seconds


def test_the_cap_on_bandwidth_holds() -> None:
    time = Time()
    pace = Pace("f", 100, 10, 1000, time, time.sleep)
    for _ in range(50):
        pace.took(500)
    assert time.now == pytest.approx(25.0)


def test_a_pause_of_our_own_is_not_held_against_the_sender() -> None:
    time = Time()
    pace = Pace("f", 100, 10, 0, time, time.sleep)
    pace.took(5)
    pace.rest(1000)
    pace.took(5)
    time.now += 11
    with pytest.raises(Refused, match="too slow"):
        pace.took(5)


def test_no_thread_is_left_behind() -> None:
    before = threading.active_count()
    fetched(lambda n: Fault(cut=5000))
    assert threading.active_count() <= before + 1
