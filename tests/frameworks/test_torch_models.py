"""PyTorch modules and exported programs against PyTorch."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from frameworks import zoo_torch
from limen.errors import ModelError, Unsupported
from limen.importers import ImportOptions, import_file
from limen.importers.torch import from_torch
from limen.lower import LOWERINGS, lower
from limen.lower.prepare import prepare
from limen.model import Model

pytestmark = pytest.mark.filterwarnings("ignore")


class Recurrent(nn.Module):
    """Token and feature inputs, a recurrent layer, two outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(11, 6)
        self.body = nn.LSTM(6, 5, batch_first=True, bidirectional=True)

    def forward(self, tokens: torch.Tensor, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        sequence, (last, _) = self.body(self.embed(tokens) + features)
        return sequence, last


def recurrent() -> tuple[nn.Module, Any]:
    torch.manual_seed(4)
    return Recurrent(), (torch.randint(0, 11, (1, 7)), torch.randn(1, 7, 6))


def layers() -> tuple[nn.Module, Any]:
    torch.manual_seed(5)
    body = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.SiLU(), nn.MaxPool2d(2), nn.Conv2d(8, 8, 3, groups=4),
        nn.GroupNorm(2, 8), nn.PReLU(8), nn.ConvTranspose2d(8, 4, 3, stride=2), nn.Upsample(scale_factor=2),
        nn.AvgPool2d(3, 2, 1), nn.Hardswish(), nn.Flatten(), nn.Linear(4 * 13 * 13, 9), nn.LayerNorm(9), nn.GELU(),
    )  # fmt: skip
    return body, torch.randn(1, 3, 16, 16)


MODULES: dict[str, Callable[[], tuple[nn.Module, Any]]] = {
    "mobilenet_v2": zoo_torch.mobilenet_v2,
    "mobilenet_v3_small": zoo_torch.mobilenet_v3_small,
    "encoder": zoo_torch.encoder,
    "recurrent": recurrent,
    "layers": layers,
}


def difference(model: Model) -> float:
    assert model.metadata["verified"].startswith("largest difference")
    return float(model.metadata["verified_max_abs"])


@pytest.mark.parametrize("name", MODULES)
def test_a_module_is_imported_as_torch_computes_it(name: str) -> None:
    module, example = MODULES[name]()
    module.train()
    model = from_torch(module, example)
    assert difference(model) <= 1e-4
    assert module.training
    if name.startswith("mobilenet"):
        program = lower(prepare(model, LOWERINGS))
        assert "Transpose" not in {node.op.name for node in program.nodes}


@pytest.mark.parametrize("name", MODULES)
def test_an_exported_program_is_imported_as_torch_computes_it(name: str, tmp_path: Path) -> None:
    module, example = MODULES[name]()
    arguments = example if isinstance(example, tuple) else (example,)
    torch.export.save(torch.export.export(module.eval(), arguments), tmp_path / "m.pt2")
    model = import_file(tmp_path / "m.pt2")
    assert isinstance(model, Model)
    assert difference(model) <= 1e-4


def test_an_open_batch_of_an_exported_program_is_an_option(tmp_path: Path) -> None:
    batch = torch.export.Dim("batch")
    program = torch.export.export(nn.Linear(3, 4), (torch.zeros(2, 3),), dynamic_shapes=({0: batch},))
    torch.export.save(program, tmp_path / "m.pt2")
    model = import_file(tmp_path / "m.pt2", ImportOptions(batch=5))
    assert isinstance(model, Model)
    assert tuple(model.ir.graph.inputs[0].shape or ()) == (5, 3)


def test_names_of_inputs_and_outputs_can_be_given() -> None:
    model = from_torch(nn.Linear(3, 2), torch.zeros(1, 3), input_names=["sensor"], output_names=["force"])
    assert [str(v.name) for v in (*model.ir.graph.inputs, *model.ir.graph.outputs)] == ["sensor", "force"]


def test_a_module_that_cannot_be_exported_is_named() -> None:
    class Odd(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.from_numpy(np.linalg.eigvals(x.numpy())) if x.sum() > 0 else x

    with pytest.raises(ModelError, match="torch cannot export"):
        from_torch(Odd(), torch.ones(2, 2))


class Trap:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.path,))


def test_sample_inputs_that_are_more_than_tensors_are_not_unpickled(tmp_path: Path) -> None:
    import zipfile

    torch.export.save(torch.export.export(nn.Linear(3, 2), (torch.zeros(1, 3),)), tmp_path / "good.pt2")
    with zipfile.ZipFile(tmp_path / "good.pt2") as good, zipfile.ZipFile(tmp_path / "bad.pt2", "w") as bad:
        for name in good.namelist():
            trap = pickle.dumps(Trap(tmp_path / "ran"))
            bad.writestr(name, trap if "sample_inputs" in name else good.read(name))
    with pytest.raises(Unsupported, match="more than tensors"):
        import_file(tmp_path / "bad.pt2")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("cut", [0.3, 0.7, 0.99])
def test_a_cut_program_is_an_error(cut: float, tmp_path: Path) -> None:
    torch.export.save(torch.export.export(nn.Linear(3, 2), (torch.zeros(1, 3),)), tmp_path / "m.pt2")
    data = (tmp_path / "m.pt2").read_bytes()
    (tmp_path / "m.pt2").write_bytes(data[: int(len(data) * cut)])
    with pytest.raises(ModelError):
        import_file(tmp_path / "m.pt2")
