"""Audio window: a stream cut into windows of one length; what does not fill one waits in the state."""

from __future__ import annotations

import numpy as np

from limen.steps.audio_window import AudioWindow
from limen.targets.c.steps._kernel import Flow, Port, StepKernel, StepSite, fill, one

_STREAM = """\
    int32_t *const kept = (int32_t *)state;
    int32_t *const skip = kept + 1;
    @t@ *const rest = (@t@ *)(void *)((uint8_t *)state + 16);
    const int32_t skipped = *skip < @count@ ? *skip : @count@;
    const @t@ *const chunk = &x[skipped * @row@];
    const int32_t total = *kept + @count@ - skipped;
    const int32_t windows = total < @size@ ? 0 : (total - @size@) / @hop@ + 1;
    const int32_t used = windows * @hop@;

    for (int32_t i = 0; i < windows; i++) {
        @t@ *to = &y[i * @window@];
        const int32_t old = i * @hop@ < *kept ? *kept - i * @hop@ : 0;

        memcpy(to, &rest[(*kept - old) * @row@], (uint32_t)(old * @row@) * sizeof(@t@));
        memcpy(&to[old * @row@], &chunk[(i * @hop@ + old - *kept) * @row@],
               (uint32_t)((@size@ - old) * @row@) * sizeof(@t@));
    }
    const int32_t old = used < *kept ? *kept - used : 0;
    const int32_t left = used < total ? total - used : 0;
    for (int32_t i = 0; i < old * @row@; i++) {
        rest[i] = rest[(*kept - old) * @row@ + i];
    }
    for (int32_t i = old * @row@; i < left * @row@; i++) {
        rest[i] = chunk[(used - *kept) * @row@ + i];
    }
    *skip = *skip - skipped + (used > total ? used - total : 0);
    *kept = left;
    *counted = windows;
"""

_WHOLE = """\
    for (int32_t i = 0; i < @windows@; i++) {
        const int32_t left = @count@ - i * @hop@;
        const int32_t there = left < 0 ? 0 : left < @size@ ? left : @size@;

        memcpy(&y[i * @window@], &x[i * @step@], (uint32_t)(there * @row@) * sizeof(@t@));
        memset(&y[i * @window@ + there * @row@], 0, (uint32_t)((@size@ - there) * @row@) * sizeof(@t@));
    }
"""


def EMIT(site: StepSite) -> StepKernel | Flow:
    """[n, ...] -> [windows, size, ...]."""
    step = site.step
    assert isinstance(step, AudioWindow)
    port = site.single("an array whose first axis is time")
    if not port.shape or port.scale:
        site.refuse(f"on the shape {list(port.shape)}", "give an array whose first axis is time")
    hop, length = step.hop or step.size, port.shape[0]
    counted = site.flow.varies == "count"
    if not counted and hop == step.size and length % step.size == 0:
        return one(port.dtype, (length // step.size, step.size, *port.shape[1:]))
    if step.pad == "end":
        return _whole(site, port, step.size, hop)
    windows = (length - 1) // hop + 1
    result = one(port.dtype, (windows, step.size, *port.shape[1:]), "count")
    bytes_kept = max(step.size - 1, 1) * port.row * np.dtype(port.dtype).itemsize
    body = fill(
        _STREAM,
        t=port.ctype,
        count="count" if counted else length,
        size=step.size,
        hop=hop,
        row=port.row,
        window=step.size * port.row,
    )
    return site.write(StepKernel("", result, state=16 + bytes_kept), body)


def _whole(site: StepSite, port: Port, size: int, hop: int) -> StepKernel:
    counted = site.flow.varies == "count"
    windows = 1 + max(0, -(-(port.shape[0] - size) // hop))
    result = one(port.dtype, (windows, size, *port.shape[1:]), site.flow.varies)
    start = f"    const int32_t windows = count <= {size} ? 1 : (count - {size} + {hop - 1}) / {hop} + 1;\n\n"
    body = fill(
        _WHOLE,
        t=port.ctype,
        windows="windows" if counted else windows,
        count="count" if counted else port.shape[0],
        size=size,
        hop=hop,
        row=port.row,
        window=size * port.row,
        step=hop * port.row,
    )
    end = "    *counted = windows;\n"
    return site.write(StepKernel("", result), start + body + end if counted else body)
