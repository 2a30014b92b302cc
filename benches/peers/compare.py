"""Whether two engines gave the same answer. Counts, sums, texts and times have to be the same; percentiles and
distinct counts are approximate in most engines and are compared by their means."""

import datetime
import math

from engine import COLUMNS

# What the columns of each answer are; `~` is approximate.
KINDS = {
    "count_by_bin": ["time", "whole"],
    "contains": ["whole"],
    "topk": ["time", "text", "text", "real"],
    "summarize": ["text", "text", "whole", "~", "real", "~"],
    "join": ["text", "text", "whole", "whole"],
    "needle": [{"TimeGenerated": "time", "StatusCode": "whole", "BytesSent": "whole", "DurationMs": "real"}
               .get(name, "text") for name in COLUMNS],
    "last15m": ["whole"],
}
# Percentiles of a dozen records differ by their definition.
NEAR = 0.15
# Of sums of floating-point numbers in another order.
ROUNDING = 1e-6


def difference(query, wanted, given):
    """What differs between two answers (columns, rows), in a few words; None when nothing does."""
    left, right = shape(query, wanted), shape(query, given)
    if len(left) != len(right):
        return f"{len(right)} rows instead of {len(left)}"
    kinds = KINDS[query]
    for a, b in zip(left, right):
        for kind, x, y in zip(kinds, a, b):
            same = math.isclose(x, y, rel_tol=ROUNDING) if kind == "real" else x == y
            if kind != "~" and not same:
                return f"{b} instead of {a}"
    for n, kind in enumerate(kinds):
        a, b = (sum(row[n] for row in rows) / len(rows) if kind == "~" and rows else 0 for rows in (left, right))
        if abs(a - b) > NEAR * abs(a):
            return f"{given[0][n]} is {b:.3f} on average instead of {a:.3f}"
    return None


def shape(query, answer):
    """Rows in one order, with values in one form."""
    columns, rows = answer
    if query == "needle":
        places = [columns.index(name) for name in COLUMNS]
        rows = [[row[place] for place in places] for row in rows]
    kinds = KINDS[query]
    plain = [tuple(value(kind, cell) for kind, cell in zip(kinds, row)) for row in rows]
    return sorted(plain, key=lambda row: [cell for cell, kind in zip(row, kinds) if kind not in ("~", "real")])


def value(kind, cell):
    match kind:
        case "time":
            at = datetime.datetime.fromisoformat(str(cell).replace("Z", ""))
            return at.isoformat(timespec="microseconds")
        case "whole":
            return int(cell)
        case "real" | "~":
            return float(cell)
        case _:
            return str(cell)

