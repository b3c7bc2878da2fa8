"""The server gives what RFC 9110 says of Range, ETag and HEAD, and nothing outside its folder."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limen.deliver.repository.serve import Limits, Static

DATA = bytes(range(256)) * 40
NAME = "/image/targets/kws/1/abc.full"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Static:
    folder = tmp_path_factory.mktemp("public")
    (folder.parent / "secret").write_bytes(b"secret")
    (folder / "image/targets/kws/1").mkdir(parents=True)
    (folder / NAME[1:]).write_bytes(DATA)
    (folder / "image/metadata").mkdir()
    (folder / "image/metadata/timestamp.json").write_bytes(b"{}")
    (folder / "image/empty").write_bytes(b"")
    (folder / "image/link").symlink_to(folder.parent / "secret")
    os.mkfifo(folder / "image/pipe")
    return Static(folder, limits=Limits(chunk=1000))


def ask(
    app: Static, path: str = NAME, method: str = "GET", headers: Iterable[tuple[bytes, bytes]] = (), body: bytes = b""
) -> tuple[int, dict[bytes, bytes], bytes]:
    """Status, headers, body."""
    sent: list[Any] = []
    parts = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Any:
        return parts.pop()

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "headers": list(headers)}
    asyncio.run(app(scope, receive, send))
    head, *rest = sent
    assert [m.get("more_body", False) for m in rest] == [True] * (len(rest) - 1) + [False]
    return head["status"], dict(head["headers"]), b"".join(m["body"] for m in rest)


def ranged(app: Static, text: str, *more: tuple[bytes, bytes]) -> tuple[int, dict[bytes, bytes], bytes]:
    return ask(app, headers=[(b"range", text.encode()), *more])


def test_a_whole_file(app: Static) -> None:
    status, headers, body = ask(app)
    assert (status, body) == (200, DATA)
    assert headers[b"content-length"] == b"%d" % len(DATA)
    assert headers[b"accept-ranges"] == b"bytes"
    assert b"immutable" in headers[b"cache-control"]


def test_head_says_the_same_without_the_body(app: Static) -> None:
    assert ask(app, method="HEAD") == (200, ask(app)[1], b"")


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [("bytes=0-0", 0, 1), ("bytes=10-", 10, None), ("bytes=100-199", 100, 200), ("bytes=-7", -7, None),
     ("bytes=5-99999999", 5, None), ("bytes=-99999999", 0, None)],
)  # fmt: skip
def test_one_range(app: Static, asked: str, start: int, end: int | None) -> None:
    status, headers, body = ranged(app, asked)
    assert (status, body) == (206, DATA[start:end])
    first = start % len(DATA)
    assert headers[b"content-range"] == b"bytes %d-%d/%d" % (first, first + len(body) - 1, len(DATA))


@given(st.integers(0, len(DATA) + 5), st.integers(0, len(DATA) + 5))
def test_every_range(app: Static, start: int, end: int) -> None:
    status, _, body = ranged(app, f"bytes={start}-{end}")
    if end < start:
        assert (status, body) == (200, DATA)
    elif start >= len(DATA):
        assert (status, body) == (416, b"")
    else:
        assert (status, body) == (206, DATA[start : end + 1])


@pytest.mark.parametrize(
    "asked", ["bytes=99999-", "bytes=-0", "bytes=0-1,5-6", "bytes=0-0,0-0,0-0", f"bytes={1 << 59}-"]
)
def test_ranges_that_are_not_given(app: Static, asked: str) -> None:
    status, headers, body = ranged(app, asked)
    assert (status, body) == (416, b"")
    assert headers[b"content-range"] == b"bytes */%d" % len(DATA)


@pytest.mark.parametrize("asked", ["lines=0-5", "bytes=", "bytes=-", "bytes=a-b", "bytes = 0-1", "bytes=3-1"])
def test_ranges_that_mean_nothing_are_ignored(app: Static, asked: str) -> None:
    assert ranged(app, asked)[::2] == (200, DATA)


def test_if_range_with_another_tag_gives_the_whole_file(app: Static) -> None:
    tag = ask(app)[1][b"etag"]
    assert ranged(app, "bytes=5-9", (b"if-range", tag))[0] == 206
    assert ranged(app, "bytes=5-9", (b"if-range", b'"other"'))[::2] == (200, DATA)
    assert ranged(app, "bytes=5-9", (b"if-range", b"Wed, 21 Oct 2015 07:28:00 GMT"))[::2] == (200, DATA)


@pytest.mark.parametrize("form", [b"%s", b"W/%s", b'"a", %s', b"*"])
def test_what_the_client_has_is_not_sent_again(app: Static, form: bytes) -> None:
    tag = ask(app)[1][b"etag"]
    status, headers, body = ask(app, headers=[(b"if-none-match", form.replace(b"%s", tag))])
    assert (status, headers[b"etag"], body) == (304, tag, b"")
    assert b"content-length" not in headers


def test_a_tag_changes_with_the_file(app: Static) -> None:
    file = app.public / "image/changes"
    file.write_bytes(b"1")
    before = ask(app, "/image/changes")[1][b"etag"]
    file.write_bytes(b"2")
    assert ask(app, "/image/changes")[1][b"etag"] != before
    assert ask(app, "/image/changes", headers=[(b"if-none-match", before)])[::2] == (200, b"2")


def test_the_timestamp_is_asked_for_each_time(app: Static) -> None:
    assert ask(app, "/image/metadata/timestamp.json")[1][b"cache-control"] == b"no-cache"


def test_an_empty_file(app: Static) -> None:
    assert ask(app, "/image/empty")[::2] == (200, b"")
    assert ask(app, "/image/empty", headers=[(b"range", b"bytes=0-")])[0] == 416


@pytest.mark.parametrize(
    "path",
    ["/", "/image", "/image/", "/image/targets", "/image/../../secret", "/image/./empty", "//image/empty", "/secret",
     "/private/keys/root-1.pem", "/image/link", "/image/pipe", "/image/empty/x", "/image/.hidden", "/image/empty\0",
     "/image/empty\n", "/image\\..\\empty", "/image/" + "x" * 300, "/image" + "/x" * 400, "image/empty", ""],
)  # fmt: skip
def test_paths_that_are_not_served(app: Static, path: str) -> None:
    assert ask(app, path)[::2] == (404, b"")


@given(st.text(max_size=60), st.lists(st.sampled_from(["..", ".", "image", "secret", "%2e%2e", "", "private"])))
def test_no_path_leaves_the_folder(app: Static, text: str, parts: list[str]) -> None:
    for path in (text, "/image/" + text, "/" + "/".join(parts), "/image/targets/" + "/".join(parts)):
        assert b"secret" not in ask(app, path)[2]


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT"])
def test_other_methods_are_refused(app: Static, method: str) -> None:
    status, headers, _ = ask(app, method=method)
    assert (status, headers[b"allow"]) == (405, b"GET, HEAD")


def test_nothing_is_taken_without_a_door(app: Static) -> None:
    assert ask(app, "/report", "POST", body=b"{}")[0] == 404


@pytest.mark.parametrize("header", [(b"content-length", b"5"), (b"transfer-encoding", b"chunked")])
def test_a_get_with_a_body_is_refused(app: Static, header: tuple[bytes, bytes]) -> None:
    assert ask(app, headers=[header])[0] == 413
