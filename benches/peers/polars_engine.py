"""polars over plain Parquet: it has no encryption. Keeps nothing between queries."""

import datetime
import os

from engine import COLUMNS, Engine


class Polars(Engine):
    def __init__(self, options):
        super().__init__(options)
        # It reads this once, as it is imported.
        os.environ["POLARS_MAX_THREADS"] = str(self.threads)
        import polars

        self.pl = polars
        self.file = f"{self.store}/logs.parquet"

    def ingest(self):
        pl = self.pl
        kinds = {"StatusCode": pl.Int32, "DurationMs": pl.Float64, "BytesSent": pl.Int64}
        schema = {name: kinds.get(name, pl.String) for name in COLUMNS}
        time = pl.col("TimeGenerated").str.to_datetime("%Y-%m-%dT%H:%M:%S%.fZ", time_unit="us")
        rows = pl.scan_ndjson(self.logs, schema=schema).with_columns(time)
        rows.sink_parquet(self.file, compression="zstd", compression_level=1)

    def open(self):
        self.known_hosts = self.pl.read_ndjson(self.hosts)

    def run(self, query):
        table = self.plan(query).collect()
        return table.columns, table.rows()

    def plan(self, query):
        pl, col = self.pl, self.pl.col
        logs = pl.scan_parquet(self.file)
        match query:
            case "count_by_bin":
                bins = col("TimeGenerated").dt.truncate("5m")
                return logs.group_by(bins).len().sort("TimeGenerated")
            case "contains":
                return logs.filter(col("Message").str.contains("(?i)timeout")).select(pl.len())
            case "topk":
                columns = logs.select("TimeGenerated", "Computer", "Url", "DurationMs")
                return columns.top_k(20, by="DurationMs")
            case "summarize":
                bad = logs.filter(col("Level").is_in(["Error", "Warning"]))
                return bad.group_by("Computer", "Category").agg(
                    pl.len(),
                    col("DurationMs").quantile(0.95).alias("p95"),
                    col("DurationMs").mean(),
                    col("UserId").approx_n_unique(),
                )
            case "join":
                failed = logs.filter(col("StatusCode") >= 500)
                joined = failed.join(self.known_hosts.lazy(), on="Computer").group_by("Region", "Role")
                return joined.agg(pl.len(), col("BytesSent").sum()).sort("len", descending=True)
            case "needle":
                return logs.filter(col("OperationId") == self.needle)
            case "last15m":
                last = logs.select(col("TimeGenerated").max()).collect().item()
                recent = col("TimeGenerated") >= last - datetime.timedelta(minutes=15)
                return logs.filter(recent & (col("Level") == "Error")).select(pl.len())
