"""Networks in PyTorch with random but healthy weights: MobileNetV2, MobileNetV3-small and a transformer encoder.

Written from the papers (arXiv 1801.04381 table 2, arXiv 1905.02244 table 2, arXiv 1706.03762) since torchvision is not
installed. Batch normalisation statistics come from a pass over random images, so that no layer saturates or dies.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


def _conv_norm(inputs: int, outputs: int, kernel: int, stride: int, groups: int, act: type[nn.Module] | None) -> Any:
    layers: list[nn.Module] = [
        nn.Conv2d(inputs, outputs, kernel, stride, (kernel - 1) // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
    ]
    return nn.Sequential(*layers, *([act()] if act else []))


def _rounded(channels: float, divisor: int = 8) -> int:
    """Nearest multiple of ``divisor``, never more than 10 % below."""
    near = max(divisor, int(channels + divisor / 2) // divisor * divisor)
    return near + divisor if near < 0.9 * channels else near


class SqueezeExcite(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        hidden = _rounded(channels / 4)
        self.reduce = nn.Conv2d(channels, hidden, 1)
        self.expand = nn.Conv2d(hidden, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        gate = nn.functional.adaptive_avg_pool2d(x, 1)
        gate = self.expand(nn.functional.relu(self.reduce(gate)))
        return x * nn.functional.hardsigmoid(gate)


class InvertedResidual(nn.Module):
    """Expand, depthwise, optional squeeze-excite, project; identity added where shapes allow."""

    def __init__(
        self, inputs: int, hidden: int, outputs: int, kernel: int, stride: int, act: type[nn.Module], squeeze: bool
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = [] if hidden == inputs else [_conv_norm(inputs, hidden, 1, 1, 1, act)]
        layers.append(_conv_norm(hidden, hidden, kernel, stride, hidden, act))
        if squeeze:
            layers.append(SqueezeExcite(hidden))
        layers.append(_conv_norm(hidden, outputs, 1, 1, 1, None))
        self.body = nn.Sequential(*layers)
        self.identity = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x) if self.identity else self.body(x)


class MobileNetV2(nn.Module):
    ROWS = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))

    def __init__(self, classes: int = 1000) -> None:
        super().__init__()
        layers: list[nn.Module] = [_conv_norm(3, 32, 3, 2, 1, nn.ReLU6)]
        channels = 32
        for expansion, outputs, repeats, stride in self.ROWS:
            for index in range(repeats):
                hidden = channels * expansion
                step = stride if index == 0 else 1
                layers.append(InvertedResidual(channels, hidden, outputs, 3, step, nn.ReLU6, False))
                channels = outputs
        layers.append(_conv_norm(channels, 1280, 1, 1, 1, nn.ReLU6))
        self.features = nn.Sequential(*layers)
        self.head = nn.Sequential(nn.Dropout(0.2), nn.Linear(1280, classes))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.features(x).mean((2, 3)))


class MobileNetV3Small(nn.Module):
    ROWS = (
        (3, 16, 16, True, nn.ReLU, 2),
        (3, 72, 24, False, nn.ReLU, 2),
        (3, 88, 24, False, nn.ReLU, 1),
        (5, 96, 40, True, nn.Hardswish, 2),
        (5, 240, 40, True, nn.Hardswish, 1),
        (5, 240, 40, True, nn.Hardswish, 1),
        (5, 120, 48, True, nn.Hardswish, 1),
        (5, 144, 48, True, nn.Hardswish, 1),
        (5, 288, 96, True, nn.Hardswish, 2),
        (5, 576, 96, True, nn.Hardswish, 1),
        (5, 576, 96, True, nn.Hardswish, 1),
    )

    def __init__(self, classes: int = 1000) -> None:
        super().__init__()
        layers: list[nn.Module] = [_conv_norm(3, 16, 3, 2, 1, nn.Hardswish)]
        channels = 16
        for kernel, hidden, outputs, squeeze, act, stride in self.ROWS:
            layers.append(InvertedResidual(channels, hidden, outputs, kernel, stride, act, squeeze))
            channels = outputs
        layers.append(_conv_norm(channels, 576, 1, 1, 1, nn.Hardswish))
        self.features = nn.Sequential(*layers)
        self.head = nn.Sequential(nn.Linear(576, 1024), nn.Hardswish(), nn.Dropout(0.2), nn.Linear(1024, classes))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(torch.flatten(nn.functional.adaptive_avg_pool2d(self.features(x), 1), 1))


class Encoder(nn.Module):
    """Features -> 4 encoder layers (GELU, layer normalisation) -> mean over time -> logits."""

    def __init__(
        self, features: int = 40, width: int = 128, heads: int = 4, steps: int = 64, classes: int = 12, layers: int = 4
    ) -> None:
        super().__init__()
        self.embed = nn.Linear(features, width)
        self.position = nn.Parameter(0.1 * torch.randn(1, steps, width))
        layer = nn.TransformerEncoderLayer(
            width, heads, dim_feedforward=2 * width, activation="gelu", batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.layers(self.embed(x) + self.position)
        return self.head(self.norm(x).mean(1))


def settle(module: nn.Module, example: Tensor) -> nn.Module:
    """Sets every batch normalisation's statistics from ``example`` and randomises its scale and shift; eval mode."""
    norms = [m for m in module.modules() if isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = 1.0
        nn.init.uniform_(norm.weight, 0.6, 1.4)
        nn.init.normal_(norm.bias, 0.0, 0.3)
    module.train()
    with torch.no_grad():
        module(example)
    return module.eval()


def mobilenet_v2() -> tuple[nn.Module, Tensor]:
    torch.manual_seed(1)
    return settle(MobileNetV2(), torch.randn(8, 3, 224, 224)), torch.randn(1, 3, 224, 224)


def mobilenet_v3_small() -> tuple[nn.Module, Tensor]:
    torch.manual_seed(2)
    return settle(MobileNetV3Small(), torch.randn(8, 3, 224, 224)), torch.randn(1, 3, 224, 224)


def encoder(width: int = 128) -> tuple[nn.Module, Tensor]:
    torch.manual_seed(3)
    return Encoder(width=width).eval(), torch.randn(1, 64, 40)
