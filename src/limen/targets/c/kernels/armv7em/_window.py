"""C shared by convolutions whose windows leave the input or do not lie side by side: taps as addresses."""

from __future__ import annotations

from limen.targets.c._kernel import Helper
from limen.targets.c.kernels.armv7em._routines import EXPAND_PAIR_C

WINDOW = Helper(
    "limen_window",
    """\
/* A window along a row: its taps, their distance, positions and channels of the input, words of a tap. */
typedef struct {
    int32_t taps_y, taps_x, dilation, width_in, channels, words;
} limen_window;
""",
)

TAPS = Helper(
    "limen_window_taps",
    """\
/* Addresses of the taps of the window whose first column is left; outside the input they are padding. */
LIMEN_LAYER static void limen_window_taps(const int8_t **tap, const int8_t *const *rows, const int8_t *padding,
    int32_t left, const limen_window *w)
{
    for (int32_t ky = 0; ky < w->taps_y; ++ky) {
        int32_t at = left;
        for (int32_t kx = 0; kx < w->taps_x; ++kx, at += w->dilation) {
            *tap++ = (at >= 0 && at < w->width_in) ? rows[ky] + at * w->channels : padding;
        }
    }
    *tap = padding;
}
""",
    (WINDOW,),
)

EXPAND_TAPS = Helper(
    "limen_expand_taps",
    """\
/* Columns of the windows whose first columns are left_a and left_b, tap by tap, from channel first on. */
LIMEN_LAYER static void limen_expand_taps(uint32_t *columns, const int8_t *const *rows, const int8_t *padding,
    int32_t left_a, int32_t left_b, int32_t first, const limen_window *w)
{
    for (int32_t ky = 0; ky < w->taps_y; ++ky) {
        for (int32_t kx = 0; kx < w->taps_x; ++kx) {
            const int32_t a = left_a + kx * w->dilation;
            const int32_t b = left_b + kx * w->dilation;
            const int8_t *const from_a = (a >= 0 && a < w->width_in) ? rows[ky] + a * w->channels + first : padding;
            const int8_t *const from_b = (b >= 0 && b < w->width_in) ? rows[ky] + b * w->channels + first : padding;
            columns = limen_expand_pair(columns, from_a, from_b, w->words);
        }
    }
}
""",
    (WINDOW, EXPAND_PAIR_C),
)


def window_constant(symbol: str, taps: tuple[int, int], dilation: int, width_in: int, channels: int, words: int) -> str:
    """The definition of a layer's ``limen_window``."""
    values = ", ".join(str(v) for v in (*taps, dilation, width_in, channels, words))
    return f"static const limen_window {symbol}_window = {{{values}}};\n"
