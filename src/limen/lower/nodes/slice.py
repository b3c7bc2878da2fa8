"""ONNX Slice."""

from __future__ import annotations

from limen.lower.call import Call, Lowering


def lower(call: Call) -> None:
    value = call.input(0)
    starts, ends = call.integers(1) or (), call.integers(2) or ()
    axes = call.integers(3) or tuple(range(len(starts)))
    steps = call.integers(4) or (1,) * len(starts)
    begin, end, stride = [0] * value.rank, list(value.shape), [1] * value.rank
    for axis, start, stop, step in zip(axes, starts, ends, steps, strict=True):
        axis %= value.rank
        low, high, stride[axis] = slice(start, stop, step).indices(value.shape[axis])
        begin[axis], end[axis] = low, high
    tensor, layout = call.unary(value)
    if all(s == 1 for s in stride):
        size = [max(0, e - b) for b, e in zip(begin, end, strict=True)]
        settings = {"begin": tuple(begin[a] for a in layout), "size": tuple(size[a] for a in layout)}
        call.bind(call.emit("Slice", tensor, **settings), layout)
        return
    # A negative end means "before the first element" here and "from the back" in StridedSlice: its mask says so.
    mask = sum(1 << i for i, a in enumerate(layout) if end[a] < 0)
    call.bind(
        call.emit(
            "StridedSlice",
            tensor,
            begin=tuple(begin[a] for a in layout),
            end=tuple(end[a] for a in layout),
            strides=tuple(stride[a] for a in layout),
            end_mask=mask,
        ),
        layout,
    )


LOWERING = Lowering("Slice", lower, "any")
