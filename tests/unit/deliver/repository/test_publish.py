"""A published release is what a TUF client downloads, and it is the bundle."""

from __future__ import annotations

from pathlib import Path

import pytest
from backports import zstd

from limen.deliver import formats
from small_repository import Client, Repository, new_repository, small_bundle


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return new_repository(tmp_path / "repo")


def test_a_client_downloads_the_payload(repository: Repository, tmp_path: Path) -> None:
    bundle = small_bundle(tmp_path / "v1.limen")
    done = repository.publish(bundle)
    assert (done.counter, done.sealed) == (1, False)
    client = Client(tmp_path / "device", repository)
    assert zstd.decompress(client.download("kws/1/full")) == bundle.read_bytes()


def test_the_director_assigns_what_the_image_repository_has(repository: Repository, tmp_path: Path) -> None:
    repository.publish(small_bundle(tmp_path / "v1.limen"))
    assert repository.assign(kws=1).assignments == {"kws": 1}
    client = Client(tmp_path / "device", repository)
    genuine = client.image().get_targetinfo("kws/1/full")
    assigned = client.assigned("kws", 1)
    assert genuine is not None
    assert assigned is not None
    assert (assigned.path, assigned.length, assigned.hashes) == (genuine.path, genuine.length, genuine.hashes)
    record = formats.from_custom(assigned.unrecognized_fields["custom"], formats.Assignment, "target")
    assert (record.device, record.hardware, record.counter) == ("dev-1", "rpi4", 1)
