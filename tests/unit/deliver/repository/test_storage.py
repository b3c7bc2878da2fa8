"""A publisher that dies at any moment leaves a repository that serves; buckets hold the same as folders."""

from __future__ import annotations

import contextlib
import dataclasses
import http.server
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

import numpy as np
import pytest
from backports import zstd

from limen.deliver.repository import init
from limen.deliver.repository import metadata as md
from limen.deliver.repository.director import assign
from limen.deliver.repository.online import renew
from limen.deliver.repository.publish import Wishes, publish
from limen.deliver.repository.storage import Folder, ObjectStore, Storage, open_storage, write_synced
from limen.deliver.repository.workspace import KnownDevice, Settings, Workspace, open_workspace
from limen.errors import BadInput
from small_repository import NOW, Client, Repository, add_line, new_repository, small_bundle


class Dead(BaseException):
    """The power went."""


@dataclasses.dataclass
class Dying:
    """A storage that dies before its n-th write."""

    inner: Storage
    left: int

    def write(self, name: str, data: bytes) -> None:
        if not self.left:
            raise Dead
        self.left -= 1
        self.inner.write(name, data)

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)


def dying(repository: Repository, left: int) -> Workspace:
    ws = repository.ws
    return dataclasses.replace(ws, public=Dying(ws.public, left))  # type: ignore[arg-type]


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = new_repository(tmp_path / "repo")
    made.publish(small_bundle(tmp_path / "v1.limen", 1))
    made.assign(kws=1)
    return made


def test_a_publisher_that_dies_before_any_write_leaves_the_old_release_served(
    repository: Repository, tmp_path: Path
) -> None:
    bundle = small_bundle(tmp_path / "v2.limen", 2)
    first = (tmp_path / "v1.limen").read_bytes()
    deaths = 0
    while True:
        try:
            publish(dying(repository, deaths), bundle, "kws", Wishes(), repository.ring(), NOW)
        except Dead:
            client = Client(tmp_path / f"device-{deaths}", repository)
            assert client.image().get_targetinfo("kws/2/full") is None
            assert zstd.decompress(client.download("kws/1/full")) == first
            assert client.assigned("kws", 1) is not None
            deaths += 1
            continue
        break
    assert deaths >= 7  # full, a delta, two documents, targets, snapshot, timestamp
    (counter,) = {path.split("/")[1] for path in published(repository) if not path.startswith("kws/1/")}
    client = Client(tmp_path / "device", repository)
    assert zstd.decompress(client.download(f"kws/{counter}/full")) == bundle.read_bytes()


def published(repository: Repository) -> set[str]:
    image = md.load(repository.ws.public, md.IMAGE, md.load_root(repository.ws.public, md.IMAGE))
    return set(image.targets["kws"].signed.targets)


@pytest.mark.parametrize("action", ["assign", "renew"])
def test_other_actions_that_die_leave_the_old_state_served(action: str, repository: Repository, tmp_path: Path) -> None:
    later = repository.later(days=25)
    for deaths in range(20):
        ws = dying(later, deaths)
        try:
            if action == "assign":
                assign(ws, KnownDevice("dev-1", "rpi4"), {"kws": 1}, later.ring(), NOW)
            else:
                renew(ws, later.ring(), NOW)
        except Dead:
            client = Client(tmp_path / f"device-{deaths}", repository)
            client.image()
            assert client.assigned("kws", 1) is not None
            continue
        break
    assert deaths >= 2


PUBLISH = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from small_repository import Repository
repository = Repository(Path(sys.argv[2]))
print("ready", flush=True)
while True:
    for bundle in sys.argv[3:]:
        repository.publish(Path(bundle))
        print("done", flush=True)
"""


def test_a_publisher_killed_at_random_instants(repository: Repository, tmp_path: Path) -> None:
    bundles = [str(small_bundle(tmp_path / f"w{i}.limen", i)) for i in range(2)]
    tests = str(Path(__file__).resolve().parents[3])
    random = np.random.default_rng(11)
    client = Client(tmp_path / "device", repository)
    for _ in range(5):
        command = [sys.executable, "-c", PUBLISH, tests, str(repository.path), *bundles]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        started = time.monotonic()
        assert process.stdout.readline() == b"done\n"
        time.sleep(float(random.uniform(0, 1)) * (time.monotonic() - started))
        assert process.poll() is None
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        newest = max(int(path.split("/")[1]) for path in published(repository))
        assert zstd.decompress(client.download(f"kws/{newest}/full"))
    before = max(int(path.split("/")[1]) for path in published(repository))
    assert repository.publish(small_bundle(tmp_path / "last.limen", 9)).counter > before
    assert before > 1


def test_a_write_is_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "folder" / "file"
    write_synced(target, b"old", 0o644)
    target.parent.chmod(0o755)
    with pytest.raises(BadInput, match="cannot be written"):
        write_synced(target / "below", b"new", 0o644)
    assert [path.name for path in target.parent.iterdir()] == ["file"]
    assert target.read_bytes() == b"old"


# ------------------------------------------------------------------ buckets


class FakeS3(http.server.BaseHTTPRequestHandler):
    """The part of S3's REST API that a repository needs: PutObject, GetObject, ListObjectsV2."""

    objects: dict[str, bytes]
    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:
        name = urlsplit(self.path).path
        self.objects[name] = self.rfile.read(int(self.headers["content-length"]))
        self._answer(200, b"")

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        if "list-type" in query:
            return self._answer(200, self._listing(url.path, query))
        data = self.objects.get(url.path)
        if data is None:
            return self._answer(404, b"<Error><Code>NoSuchKey</Code><Message>no</Message></Error>")
        return self._answer(200, data)

    def _listing(self, bucket: str, query: dict[str, str]) -> bytes:
        prefix, keys, folders = query.get("prefix", ""), [], set()
        for path in sorted(self.objects):
            key = path.removeprefix(f"{bucket.rstrip('/')}/")
            if key.startswith(prefix):
                rest = key[len(prefix) :]
                if "/" in rest:
                    folders.add(prefix + rest.split("/")[0] + "/")
                else:
                    keys.append((key, len(self.objects[path])))
        entries = "".join(
            f"<Contents><Key>{escape(k)}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
            f"<ETag>&quot;x&quot;</ETag><Size>{n}</Size></Contents>"
            for k, n in keys
        )
        entries += "".join(f"<CommonPrefixes><Prefix>{escape(f)}</Prefix></CommonPrefixes>" for f in sorted(folders))
        return f"<ListBucketResult><IsTruncated>false</IsTruncated>{entries}</ListBucketResult>".encode()

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        for name, value in (("content-length", str(len(body))), ("etag", '"x"'), ("content-type", "application/xml")):
            self.send_header(name, value)
        self.send_header("last-modified", "Thu, 01 Jan 2026 00:00:00 GMT")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return None


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, bytes]]:
    """The objects of a fake S3 on loopback that ``s3://models/fleet`` leads to."""
    handler = type("Handler", (FakeS3,), {"objects": {}})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}",
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": "id",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "eu-west-1",
    }.items():
        monkeypatch.setenv(name, value)
    try:
        yield handler.objects  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_bucket_holds_what_a_folder_holds(bucket: dict[str, bytes], tmp_path: Path) -> None:
    init.init(tmp_path / "repo", Settings(public="s3://models/fleet"), NOW)
    repository = Repository(tmp_path / "repo")
    add_line(repository, "kws")
    repository.publish(small_bundle(tmp_path / "v1.limen", 1))
    repository.assign(kws=1)
    renew(repository.ws, repository.ring(), NOW)
    copy = tmp_path / "repo/public"
    for name, data in bucket.items():
        Folder(copy).write(name.removeprefix("/models/fleet/"), data)
    client = Client(tmp_path / "device", repository)
    assert zstd.decompress(client.download("kws/1/full")) == (tmp_path / "v1.limen").read_bytes()
    assert client.assigned("kws", 1) is not None
    assert not any("private" in name for name in bucket)


def test_both_kinds_of_storage_agree(tmp_path: Path) -> None:
    from obstore.store import MemoryStore

    for storage in (Folder(tmp_path / "public"), ObjectStore("memory:///", MemoryStore())):
        assert storage.read("a/b") is None
        assert list(storage.names("a")) == []
        for name in ("a/b", "a/c", "a/d/e", "top"):
            storage.write(name, name.encode())
        storage.write("a/b", b"new")
        assert storage.read("a/b") == b"new"
        assert sorted(storage.names("a")) == ["b", "c"]
        assert list(storage.folders("a")) == ["d"]
        assert list(storage.folders("")) == ["a"]


def test_a_bucket_that_cannot_be_reached_is_told() -> None:
    from obstore.store import S3Store

    options = {"allow_http": True, "connect_timeout": "1s", "timeout": "1s"}
    store = S3Store(
        "models", endpoint="http://127.0.0.1:9", region="eu-west-1", access_key_id="i", secret_access_key="s",
        client_options=options, retry_config={"max_retries": 0, "retry_timeout": timedelta(seconds=1)},  # type: ignore[arg-type]
    )  # fmt: skip
    with pytest.raises(BadInput, match="cannot be"):
        ObjectStore("s3://models", store).write("a", b"1")
    with pytest.raises(BadInput, match="cannot be"):
        ObjectStore("s3://models", store).read("a")


def test_a_place_that_is_no_bucket_is_told() -> None:
    with pytest.raises(BadInput):
        open_storage("nowhere://models")


def test_one_publisher_at_a_time(repository: Repository) -> None:
    from limen.errors import UsageError

    with repository.ws.lock(), pytest.raises(UsageError, match="another publisher"), contextlib.ExitStack() as stack:
        stack.enter_context(open_workspace(repository.path).lock())
