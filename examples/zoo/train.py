"""Train the three small networks of the optimiser's benchmarks on Fashion-MNIST and save them as ONNX (needs torch).

    python examples/zoo/train.py [--only resnet8,mobilenet,vit] [--epochs 10]

Batch normalisation is left in the files, as exporters of training frameworks do.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import numpy as np
import torch
from data import CLASSES, load
from torch import nn
from torch.nn import functional

BATCH = 128


def conv_norm(inputs: int, outputs: int, size: int, stride: int = 1, groups: int = 1) -> nn.Sequential:
    """Convolution without bias, and batch normalisation."""
    conv = nn.Conv2d(inputs, outputs, size, stride, size // 2, groups=groups, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs))


class Basic(nn.Module):
    """Residual block of two 3x3 convolutions."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.first = conv_norm(inputs, outputs, 3, stride)
        self.second = conv_norm(outputs, outputs, 3)
        self.skip = conv_norm(inputs, outputs, 1, stride) if stride > 1 else nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.second(functional.relu(self.first(x)))
        return functional.relu(y + self.skip(x))


def resnet8() -> nn.Module:
    """The residual network of MLPerf Tiny, for one channel."""
    return nn.Sequential(
        conv_norm(1, 16, 3), nn.ReLU(), Basic(16, 16, 1), Basic(16, 32, 2), Basic(32, 64, 2),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, CLASSES),
    )  # fmt: skip


class Inverted(nn.Module):
    """Inverted residual: expand, depthwise, project, with ReLU6."""

    def __init__(self, inputs: int, outputs: int, stride: int, expand: int) -> None:
        super().__init__()
        wide = inputs * expand
        self.body = nn.Sequential(
            conv_norm(inputs, wide, 1), nn.ReLU6(), conv_norm(wide, wide, 3, stride, wide), nn.ReLU6(),
            conv_norm(wide, outputs, 1),
        )  # fmt: skip
        self.add = stride == 1 and inputs == outputs

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.body(x)
        return x + y if self.add else y


def mobilenet() -> nn.Module:
    """MobileNetV2's blocks at a small width."""
    plan = ((16, 24, 1, 4), (24, 24, 1, 4), (24, 40, 2, 4), (40, 40, 1, 4), (40, 64, 2, 4), (64, 64, 1, 3))
    blocks = [Inverted(i, o, s, e) for i, o, s, e in plan]
    return nn.Sequential(
        conv_norm(1, 16, 3, 2), nn.ReLU6(), *blocks, conv_norm(64, 128, 1), nn.ReLU6(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, CLASSES),
    )  # fmt: skip


class Attention(nn.Module):
    """Multi-head self-attention with one projection to queries, keys and values."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads, self.depth = heads, width // heads
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, tokens = x.shape[:2]
        qkv = self.qkv(x).reshape(batch, tokens, 3, self.heads, self.depth).permute(2, 0, 3, 1, 4)
        q, k, v = qkv[0], qkv[1], qkv[2]
        scores = (q @ k.transpose(-2, -1)) * (1.0 / math.sqrt(self.depth))
        y = (scores.softmax(-1) @ v).transpose(1, 2).reshape(batch, tokens, self.heads * self.depth)
        return self.out(y)


class Block(nn.Module):
    """Transformer block, normalised before each half."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = Attention(width, heads)
        self.mlp = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class Vit(nn.Module):
    """Vision transformer on 16 patches of 7x7, mean over the tokens."""

    def __init__(self, width: int = 64, heads: int = 4, depth: int = 4) -> None:
        super().__init__()
        self.patches = nn.Conv2d(1, width, 7, 7)
        self.position = nn.Parameter(torch.randn(1, 16, width) * 0.02)
        self.blocks = nn.Sequential(*(Block(width, heads) for _ in range(depth)))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, CLASSES)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        tokens = self.patches(x).flatten(2).transpose(1, 2) + self.position
        return self.head(self.norm(self.blocks(tokens)).mean(1))


NETWORKS = {"resnet8": resnet8, "mobilenet": mobilenet, "vit": Vit}


def augmented(x: torch.Tensor) -> torch.Tensor:
    """A batch shifted by up to two pixels, half of it mirrored."""
    wide = functional.pad(x, (2, 2, 2, 2), value=-1.0)
    top, left = torch.randint(0, 5, (2,)).tolist()
    x = wide[:, :, top : top + 28, left : left + 28]
    flip = torch.rand(len(x), 1, 1, 1) < 0.5
    return torch.where(flip, x.flip(3), x)


def train(name: str, epochs: int) -> nn.Module:
    """Train with AdamW and a one-cycle rate; print the accuracy on the test set after each epoch."""
    torch.manual_seed(1)
    network = NETWORKS[name]().to(memory_format=torch.channels_last)
    x, y = (torch.from_numpy(a) for a in load("train"))
    x_test, y_test = (torch.from_numpy(a) for a in load("t10k"))
    steps = epochs * (len(x) // BATCH)
    optimiser = torch.optim.AdamW(network.parameters(), weight_decay=0.02)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2e-3 if name == "vit" else 6e-3, steps)
    for epoch in range(epochs):
        network.train()
        order = torch.randperm(len(x))
        for start in range(0, len(x) - BATCH + 1, BATCH):
            chosen = order[start : start + BATCH]
            loss = functional.cross_entropy(network(augmented(x[chosen])), y[chosen], label_smoothing=0.05)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            rate.step()
        network.eval()
        with torch.no_grad():
            guess = torch.cat([network(part).argmax(1) for part in x_test.split(1000)])
        print(f"{name} epoch {epoch + 1}: {100 * (guess == y_test).float().mean():.2f} %", flush=True)
    return network


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(NETWORKS))
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--folder", type=Path, default=Path(__file__).parent)
    options = parser.parse_args()
    torch.set_num_threads(1)
    for name in options.only.split(","):
        network = train(name, options.epochs)
        torch.onnx.export(
            network,
            (torch.from_numpy(np.zeros((1, 1, 28, 28), np.float32)),),
            str(options.folder / f"{name}.onnx"),
            input_names=["picture"],
            output_names=["logits"],
            dynamic_axes={"picture": {0: "batch"}, "logits": {0: "batch"}},
            training=torch.onnx.TrainingMode.PRESERVE,
            do_constant_folding=False,
            dynamo=False,
            opset_version=17,
        )


if __name__ == "__main__":
    main()
