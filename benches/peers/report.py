"""The table: medians, and ratios of figures that were measured in the same round."""

import math
import statistics

ENGINES = {
    "lockbox": "**lockbox**, cold (sealed files)",
    "lockbox-hot": "**lockbox**, hot memory",
    "lockbox-unsealed": "lockbox, encryption off",
    "duckdb-parquet": "DuckDB, encrypted Parquet",
    "duckdb-database": "DuckDB, encrypted database",
    "clickhouse": "ClickHouse (chdb), encrypted disk",
    "polars": "polars, plain Parquet",
    "duckdb-kql": "duckdb-kql on DuckDB, encrypted Parquet",
}
ENCRYPTED = ["duckdb-parquet", "duckdb-database", "clickhouse"]
PEERS = ENCRYPTED + ["polars", "duckdb-kql"]


class Results:
    def __init__(self, lines):
        self.lines = lines
        self.ingests = {}
        self.queries = {}
        for line in lines:
            match line["what"]:
                case "ingest":
                    self.ingests.setdefault(line["engine"], {})[line["round"]] = line
                case "query":
                    place = (line["engine"], line["kind"], line["query"])
                    self.queries.setdefault(place, {}).setdefault(line["round"], []).append(line["ms"])
        self.names = list(dict.fromkeys(q for _, _, q in self.queries))

    def of(self, what):
        return [line for line in self.lines if line["what"] == what]

    def ingest(self, engine, field):
        rounds = self.ingests.get(engine, {})
        return {n: line[field] for n, line in rounds.items() if field in line}

    def query(self, engine, kind, query):
        """Milliseconds by round; of several in a round the median."""
        rounds = self.queries.get((engine, kind, query), {})
        return {n: statistics.median(all) for n, all in rounds.items()}

    def geomean(self, ours, theirs, kind, others_kind=None):
        """How long ours takes as a share of theirs, over all queries both can do."""
        logs = []
        for query in self.names:
            share = ratio(
                self.query(ours, kind, query), self.query(theirs, others_kind or kind, query)
            )
            if share:
                logs.append(math.log(share))
        return math.exp(statistics.mean(logs)) if logs else None


def ratio(ours, theirs):
    """Median of the ratios in each round; none without a round that has both."""
    both = [ours[n] / theirs[n] for n in ours if theirs.get(n)]
    return statistics.median(both) if both else None


def median(rounds):
    return statistics.median(rounds.values()) if rounds else None


def text(value, digits=2, after=""):
    return "–" if value is None else f"{value:.{digits}f}{after}"


def table(head, rows):
    lines = [head, ["---"] + ["--:"] * (len(head) - 1)] + rows
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def report(lines):
    found = Results(lines)
    parts = [machine(found), ingest(found)]
    if found.names:
        parts += [queries(found, "again"), queries(found, "first")]
    parts += [own(found), raw(found), aims(found), checks(found)]
    return "\n\n".join(part for part in parts if part)


def machine(found):
    line = next(iter(found.of("run")), None)
    if not line:
        return None
    rounds = max((len(rounds) for rounds in found.ingests.values()), default=0)
    versions = ", ".join(f"{name} {version}" for name, version in line["versions"].items())
    hot = [opened["hot_mb"] for opened in found.of("opened") if opened["engine"] == "lockbox-hot"]
    if hot:
        versions += f"; hot memory of lockbox: {hot[-1]:.0f} MB"
    return (
        f"### {line['mb']} MB of NDJSON, {line.get('rows', 0):,} rows, {rounds} round(s)\n\n"
        f"`{line['command']}` · {line['machine']} · {line['threads']} threads · {line['started']}  \n"
        f"{versions}  \n"
        "Medians; a ratio is the median of the ratios within each round, in which all take turns. "
        "MB are 10⁶ bytes of raw NDJSON; the page cache is warm; every file is synced before an ingest ends."
    )


def ingest(found):
    rows = []
    for engine, name in ENGINES.items():
        speed = found.ingest(engine, "mb_s")
        if not speed:
            continue
        lowest, highest = min(speed.values()), max(speed.values())
        size = found.ingest(engine, "bytes")
        more = median(found.ingest(engine, "hot_bytes"))
        disk = text(median(size) / 1e6, 1) + (f" + {more / 1e6:.1f} hot copy" if more else "")
        rows.append([
            name,
            f"{median(speed):.0f} ({lowest:.0f}–{highest:.0f})",
            text(ratio(found.ingest("lockbox", "mb_s"), speed), after="×"),
            disk,
            text(ratio(found.ingest("lockbox", "bytes"), size), after="×"),
            text(median(found.ingest(engine, "rss_mb")), 0),
        ])
    if not rows:
        return None
    head = ["ingest", "MB/s (range)", "lockbox ÷ it", "MB on disk", "lockbox ÷ it", "peak RSS MB"]
    return table(head, rows)


def queries(found, kind):
    rows = []
    for engine, name in ENGINES.items():
        cells = [median(found.query(engine, kind, query)) for query in found.names]
        if not any(cells):
            continue
        shares = [found.geomean(ours, engine, kind) for ours in ["lockbox", "lockbox-hot"]]
        rows.append([name] + [text(ms, 1) for ms in cells] + [text(share, after="×") for share in shares])
    title = {
        "again": "query, ms, asked again",
        "first": "query, ms, nothing in memory before",
    }[kind]
    return table([title, *found.names, "cold ÷ it", "hot ÷ it"], rows)


def own(found):
    rows = [[line["name"], f"{line['value']:g}", line["unit"]] for line in found.of("lockbox")]
    return table(["lockbox alone", "figure", "unit"], rows) if rows else None


def raw(found):
    rows = []
    speed = found.ingest("lockbox", "mb_s")
    for line in found.of("raw"):
        share = median(speed) / line["mb_s"] if speed else None
        rows.append([line["name"], f"{line['mb_s']:.0f}", text(share, 3, "×")])
    return table(["raw limit", "MB/s", "lockbox ingest ÷ it"], rows) if rows else None


def aims(found):
    def speed(engine):
        return ratio(found.ingest("lockbox", "mb_s"), found.ingest(engine, "mb_s"))

    def size(engine):
        return ratio(found.ingest("lockbox", "bytes"), found.ingest(engine, "bytes"))

    hot = {peer: found.geomean("lockbox-hot", peer, "again") for peer in PEERS}
    best = max((peer for peer in PEERS if hot[peer]), key=lambda peer: hot[peer], default=None)
    sealing = speed("lockbox-unsealed")
    front = [line["value"] for line in found.of("lockbox") if line["name"].startswith("KQL to the plan")]
    wanted = [
        ("ingest ÷ DuckDB encrypted Parquet", speed("duckdb-parquet"), ">=", 1.1),
        ("ingest ÷ ClickHouse encrypted disk", speed("clickhouse"), ">=", 2.0),
        ("bytes ÷ DuckDB encrypted Parquet", size("duckdb-parquet"), "<=", 1.1),
        ("bytes ÷ ClickHouse encrypted disk", size("clickhouse"), "<=", 0.65),
        ("cold queries ÷ DuckDB encrypted Parquet", found.geomean("lockbox", "duckdb-parquet", "again"), "<=", 0.75),
        ("cold queries ÷ it, nothing in memory before", found.geomean("lockbox", "duckdb-parquet", "first"), "<=", 0.75),
        (f"hot queries ÷ the best peer ({best})", hot.get(best), "<=", 0.75),
        ("ingest, encryption off ÷ on", sealing and 1 / sealing, "<=", 1.05),
        ("KQL parse, bind, plan: ms of the slowest", max(front, default=None), "<=", 5.0),
    ]
    rows = []
    for name, value, sign, bound in wanted:
        if value is None:
            verdict = "not measured"
        else:
            met = value >= bound if sign == ">=" else value <= bound
            verdict = "yes" if met else "**no**"
        rows.append([name, text(value), f"{'≥' if sign == '>=' else '≤'} {bound:g}", verdict])
    return table(["aim", "measured", "wanted", "met"], rows)


def checks(found):
    checked = found.of("check")
    if not checked:
        return None
    bad = [line for line in checked if line["difference"]]
    if not bad:
        return f"All engines gave the same answers ({len(checked)} compared)."
    lines = [f"* {line['engine']}, {line['query']}: {line['difference']}" for line in bad]
    return "**Answers that differ:**\n\n" + "\n".join(lines)
