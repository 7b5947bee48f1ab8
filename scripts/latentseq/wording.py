"""Numbers as a reader wants them."""

import math

UNITS = ((1e9, "Gb"), (1e6, "Mb"), (1e3, "kb"))


def format_count(number: float) -> str:
    """Return a whole number with separated thousands: 21,757."""
    return f"{int(number):,}"


def count_of(number: float, one: str, many: str) -> str:
    """Return a number and what it counts: count_of(1, "sequence is", "sequences are") is 1 sequence is."""
    return f"{format_count(number)} {one if number == 1 else many}"


def format_bases(bases: float) -> str:
    """Return bases with a unit and three significant digits: 4.21 Mb."""
    for size, unit in UNITS:
        if bases >= size * (0.9995 if size > 1e3 else 1):
            return f"{_three_digits(bases / size)} {unit}"
    return f"{int(bases)} bases"


def format_share(share: float) -> str:
    """Return a share as per cent: 92.1 %; never 100 % or 0 % for what is nearly so."""
    if not math.isfinite(share):
        return "-"
    text = f"{100 * share:.1f}"
    if text == "100.0" and share < 1:
        return "> 99.9 %"
    if text == "0.0" and share > 0:
        return "< 0.1 %"
    return f"{text} %"


def format_number(number: float) -> str:
    """Return three significant digits without an exponent where possible; a dash for NaN."""
    if not math.isfinite(number):
        return "-"
    if number == 0:
        return "0"
    if abs(number) < 0.001:
        return f"{number:.2e}"
    return f"{number:,.0f}" if abs(number) >= 999.5 else _three_digits(number)


def _three_digits(number: float) -> str:
    return f"{number:#.3g}".rstrip(".")
