"""Facts about the machine, read from files laid out like Linux's."""

from __future__ import annotations

from pathlib import Path

from limen import host


def test_features_are_read_from_an_x86_and_an_arm_cpuinfo(tmp_path: Path) -> None:
    x86 = tmp_path / "x86"
    x86.write_text(
        "processor\t: 0\nmodel name\t: Some CPU\nflags\t\t: fpu sse4_2 avx2\n\nprocessor\t: 1\nflags\t: amx_int8\n"
    )
    arm = tmp_path / "arm"
    arm.write_text("processor\t: 0\nFeatures\t: fp asimd asimddp\n")
    assert host.read_host(x86).features == ("sse4_2", "avx2")
    assert host.read_host(x86).processor == "Some CPU"
    assert host.read_host(arm).features == ("asimd", "asimddp")


def test_this_machine_has_cores_and_memory() -> None:
    machine = host.read_host()
    assert machine.cores >= 1
    assert machine.ram is None or machine.ram > 1 << 20


def test_busy_share_is_not_known_without_proc_stat(tmp_path: Path) -> None:
    assert host.busy_share(0.0, tmp_path / "absent") is None


def test_busy_share_is_a_share() -> None:
    share = host.busy_share(0.05)
    assert share is None or 0.0 <= share <= 1.0
