"""A bundle leaves as one Python file or as an OCI image layout, and runs from there."""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import limen
from limen.build.pyz import this_python
from limen.bundle import Bundle
from limen.errors import BadInput, Unsupported, UsageError

DIGITS = Path(__file__).resolve().parents[2] / "examples" / "digits"
PRE = "decode_image:grey,resize:size=8x8,normalise:std=255"
PICTURES = {"three": DIGITS / "three.png", "seven": DIGITS / "pictures/seven-1.png"}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("bundle") / "digits.limen"
    limen.build(DIGITS / "digits.h5", output, data=DIGITS / "pictures", labels=DIGITS / "labels.txt", pre=PRE)
    return output


# ------------------------------------------------------------------ one Python file


@pytest.fixture(scope="module")
def pyz(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("pyz") / "digits.pyz"
    made = limen.package(bundle, "python", output, engine="native")
    assert made.files == (str(output),)
    return output


def run(file: Path, *words: str | Path, cache: Path) -> subprocess.CompletedProcess[str]:
    """The file in an interpreter that sees neither this checkout nor the environment's packages."""
    interpreter = Path(sys.base_prefix) / "bin" / f"python{this_python()}"
    command = [str(interpreter), "-I", "-S", str(file), *map(str, words)]
    environment = {"XDG_CACHE_HOME": str(cache), "PATH": "/usr/bin:/bin"}
    return subprocess.run(command, cwd="/", env=environment, capture_output=True, text=True, check=False)


def test_the_file_names_what_it_sees(pyz: Path, tmp_path: Path) -> None:
    done = run(pyz, *PICTURES.values(), "--json", cache=tmp_path)
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["answer"]["label"] for answer in answers] == list(PICTURES)
    assert {answer["engine"] for answer in answers} == {"native"}
    assert run(pyz, "verify", cache=tmp_path).returncode == 0
    assert len(list((tmp_path / "limen/packages").iterdir())) == 1


def test_the_file_answers_as_the_bundle_does(pyz: Path, bundle: Path, tmp_path: Path) -> None:
    import numpy as np

    done = run(pyz, PICTURES["three"], "-o", tmp_path / "out.npz", cache=tmp_path)
    assert done.returncode == 0, done.stderr
    limen.run(bundle, PICTURES["three"], output=tmp_path / "here.npz", engine="native")
    with np.load(tmp_path / "out.npz") as there, np.load(tmp_path / "here.npz") as here:
        assert set(there) == set(here)
        assert all(np.array_equal(there[name], here[name]) for name in here)


def test_the_file_holds_no_build_half(pyz: Path) -> None:
    with zipfile.ZipFile(pyz) as archive:
        rooms = {name.split("/")[2] for name in archive.namelist() if name.startswith("site/limen/")}
    assert {"engines", "bundle", "steps", "cli"} <= rooms
    assert not rooms & {"targets", "importers", "optimize", "lower", "lab", "build"}


def test_errors_have_limens_exit_codes(pyz: Path, tmp_path: Path) -> None:
    assert run(pyz, cache=tmp_path).returncode == 2
    assert run(pyz, "--help", cache=tmp_path).returncode == 0
    assert run(pyz, "/absent.png", cache=tmp_path).returncode == 3


def fake_wheel(folder: Path, name: str, version: str, tag: str, needs: tuple[str, ...] = ()) -> None:
    """A wheel that pip takes, with one module in it and one file of data."""
    head = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    metadata += "".join(f"Requires-Dist: {need}\n" for need in needs)
    with zipfile.ZipFile(folder / f"{name}-{version}-{tag}.whl", "w") as wheel:
        wheel.writestr(f"{name}/__init__.py", "")
        wheel.writestr(f"{name}-{version}.data/platlib/{name}_native.so", b"\x7fELF")
        wheel.writestr(f"{name}-{version}.data/scripts/{name}", "#!python\n")
        wheel.writestr(f"{head}/METADATA", metadata)
        wheel.writestr(f"{head}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: {tag}\n")
        wheel.writestr(f"{head}/RECORD", "")


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    folder = tmp_path / "wheels"
    folder.mkdir()
    native = "cp312-cp312-manylinux_2_28_aarch64"
    fake_wheel(folder, "numpy", "2.1", native)
    fake_wheel(folder, "msgspec", "0.20", native, ("cffi>=1", "tomli; python_version < '3.11'"))
    fake_wheel(folder, "cffi", "2.0", native)
    fake_wheel(folder, "pillow", "12.0", native)
    return folder


def test_a_file_for_another_machine_takes_its_wheels_and_what_they_need(
    bundle: Path, wheels: Path, tmp_path: Path
) -> None:
    settings = {"device": "rpi4", "python": "3.12", "wheels": wheels, "engine": "reference"}
    limen.package(bundle, "python", tmp_path / "a.pyz", **settings)
    limen.package(bundle, "python", tmp_path / "b.pyz", **settings)
    assert (tmp_path / "a.pyz").read_bytes() == (tmp_path / "b.pyz").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.pyz") as archive:
        names = set(archive.namelist())
        facts = json.loads(archive.read("package.json"))
    assert {"site/cffi/__init__.py", "site/numpy_native.so", "site/pillow/__init__.py"} <= names
    assert not any("scripts" in name or "tomli" in name for name in names)
    assert (facts["machine"], facts["python"]) == ("aarch64", "3.12")
    done = run(tmp_path / "a.pyz", PICTURES["three"], cache=tmp_path)
    assert done.returncode == 8
    assert "is for Python 3.12" in done.stderr or "is for linux on aarch64" in done.stderr


def test_a_wheel_that_is_absent_is_told(bundle: Path, wheels: Path, tmp_path: Path) -> None:
    (wheels / "cffi-2.0-cp312-cp312-manylinux_2_28_aarch64.whl").unlink()
    with pytest.raises(BadInput, match="cffi"):
        limen.package(
            bundle, "python", tmp_path / "a.pyz", device="rpi4", python="3.12", wheels=wheels, engine="reference"
        )


def test_what_cannot_be_is_told(bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(Unsupported, match="no Python runs"):
        limen.package(bundle, "python", tmp_path / "a.pyz", device="cortex-m4")
    with pytest.raises(Unsupported, match="not in this bundle"):
        limen.package(bundle, "python", tmp_path / "a.pyz", engine="openvino")
    with pytest.raises(UsageError, match="built already"):
        limen.package(bundle, "oci", tmp_path / "a.tar", pre=PRE)


# ------------------------------------------------------------------ OCI


class Layout:
    """A reader of OCI image layouts, by the image specification's text; checks each blob that it meets."""

    def __init__(self, file: Path) -> None:
        with tarfile.open(file) as archive:
            self.files = {m.name: archive.extractfile(m).read() for m in archive}  # type: ignore[union-attr]
        assert json.loads(self.files["oci-layout"]) == {"imageLayoutVersion": "1.0.0"}
        self.index = json.loads(self.files["index.json"])
        assert self.index["schemaVersion"] == 2
        self.met: set[str] = set()

    def blob(self, descriptor: dict[str, Any]) -> bytes:
        assert re.fullmatch(r"[a-z]+/[A-Za-z0-9.+-]+", descriptor["mediaType"])
        found = re.fullmatch(r"sha256:([0-9a-f]{64})", descriptor["digest"])
        assert found
        content = self.files[f"blobs/sha256/{found[1]}"]
        assert hashlib.sha256(content).hexdigest() == found[1]
        assert len(content) == descriptor["size"]
        self.met.add(found[1])
        return content

    def manifest(self, descriptor: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any], list[bytes]]:
        """Manifest, config, layers."""
        assert descriptor["mediaType"] == "application/vnd.oci.image.manifest.v1+json"
        manifest = json.loads(self.blob(descriptor))
        assert (manifest["schemaVersion"], manifest["mediaType"]) == (2, descriptor["mediaType"])
        assert all(isinstance(v, str) for v in manifest.get("annotations", {}).values())
        return manifest, json.loads(self.blob(manifest["config"])), [self.blob(d) for d in manifest["layers"]]


@pytest.fixture(scope="module")
def layouts(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("oci")
    for device in ("host", "rpi4"):
        made = limen.package(bundle, "oci", folder / f"{device}.tar", device=device)
        assert made.notes == ()
    return {device: folder / f"{device}.tar" for device in ("host", "rpi4")}


def test_the_artifact_is_a_modelpack(layouts: dict[str, Path], bundle: Path) -> None:
    layout = Layout(layouts["host"])
    descriptor = layout.index["manifests"][0]
    assert descriptor["artifactType"] == "application/vnd.cncf.model.manifest.v1+json"
    manifest, config, (weights,) = layout.manifest(descriptor)
    assert manifest["artifactType"] == descriptor["artifactType"]
    assert manifest["config"]["mediaType"] == "application/vnd.cncf.model.config.v1+json"
    (layer,) = manifest["layers"]
    assert layer["mediaType"] == "application/vnd.cncf.model.weight.v1.raw"
    assert layer["annotations"]["org.cncf.model.filepath"] == "digits.limen"
    assert set(config) == {"descriptor", "config", "modelfs"}
    assert config["modelfs"] == {"type": "layers", "diffIds": [layer["digest"]]}
    assert set(config["config"]) <= {"architecture", "format", "paramSize", "precision", "quantization"}
    assert weights == bundle.read_bytes()
    assert config["descriptor"]["revision"] == Bundle.open(weights).core_digest


@pytest.mark.parametrize(
    ("device", "architecture"),
    [("host", {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]), ("rpi4", "arm64")],
)
def test_the_image_runs_the_model(
    device: str, architecture: str, layouts: dict[str, Path], bundle: Path, tmp_path: Path
) -> None:
    layout = Layout(layouts[device])
    descriptor = layout.index["manifests"][1]
    assert descriptor["platform"]["architecture"] == architecture
    manifest, config, (layer,) = layout.manifest(descriptor)
    assert manifest["config"]["mediaType"] == "application/vnd.oci.image.config.v1+json"
    assert manifest["layers"][0]["mediaType"] == "application/vnd.oci.image.layer.v1.tar"
    assert (config["architecture"], config["os"]) == (architecture, "linux")
    assert config["rootfs"] == {"type": "layers", "diff_ids": [manifest["layers"][0]["digest"]]}
    with tarfile.open(fileobj=io.BytesIO(layer)) as archive:
        archive.extractall(tmp_path, filter="tar")
    assert (tmp_path / "digits.limen").read_bytes() == bundle.read_bytes()
    (entry,) = config["config"]["Entrypoint"]
    command = [str(tmp_path / entry[1:])]
    if architecture == "arm64" and platform.machine() != "aarch64":
        qemu = shutil.which("qemu-aarch64-static")
        if qemu is None:
            pytest.skip("qemu-aarch64-static is absent (Debian: qemu-user-static)")
        command.insert(0, qemu)
    for label, picture in PICTURES.items():
        Image.open(picture).save(tmp_path / f"{label}.pgm")  # the program reads PNM
        picture = tmp_path / f"{label}.pgm"
        done = subprocess.run([*command, str(picture)], capture_output=True, text=True, check=False, env=os.environ)
        assert done.returncode == 0, done.stderr
        assert label in done.stdout


def test_a_layout_holds_nothing_else(layouts: dict[str, Path]) -> None:
    layout = Layout(layouts["host"])
    for descriptor in layout.index["manifests"]:
        layout.manifest(descriptor)
    assert {f"blobs/sha256/{digest}" for digest in layout.met} | {"oci-layout", "index.json"} == set(layout.files)


def test_a_layout_is_deterministic(layouts: dict[str, Path], bundle: Path, tmp_path: Path) -> None:
    limen.package(bundle, "oci", tmp_path / "again.tar")
    assert (tmp_path / "again.tar").read_bytes() == layouts["host"].read_bytes()


def test_a_board_without_linux_gets_the_artifact_alone(bundle: Path, tmp_path: Path) -> None:
    made = limen.package(bundle, "oci", tmp_path / "m4.tar", device="cortex-m4")
    assert "no container image" in made.notes[0]
    assert len(Layout(tmp_path / "m4.tar").index["manifests"]) == 1


def test_a_model_file_is_built_first(tmp_path: Path) -> None:
    made = limen.package(
        DIGITS / "digits.h5", "oci", tmp_path, data=DIGITS / "pictures", labels=DIGITS / "labels.txt", pre=PRE
    )
    assert made.files == (str(tmp_path / "digits.tar"),)
    assert len(Layout(tmp_path / "digits.tar").index["manifests"]) == 2
