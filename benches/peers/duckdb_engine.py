"""DuckDB: encrypted Parquet, an encrypted database, and KQL translated to its SQL by duckdb-kql."""

import os

import duckdb
import duckdb_extension_httpfs

from engine import COLUMNS, KEY, Engine

TYPES = {
    "TimeGenerated": "TIMESTAMP", "StatusCode": "INTEGER", "DurationMs": "DOUBLE", "BytesSent": "BIGINT",
}
SQL = {
    "count_by_bin": "SELECT time_bucket(INTERVAL 5 MINUTE, TimeGenerated) t, count(*) FROM logs GROUP BY 1 ORDER BY 1",
    "contains": "SELECT count(*) FROM logs WHERE Message ILIKE '%timeout%'",
    "topk": "SELECT TimeGenerated, Computer, Url, DurationMs FROM logs ORDER BY DurationMs DESC LIMIT 20",
    "summarize": "SELECT Computer, Category, count(*), approx_quantile(DurationMs, 0.95), avg(DurationMs), approx_count_distinct(UserId) FROM logs WHERE Level IN ('Error', 'Warning') GROUP BY 1, 2",
    "join": "SELECT h.Region, h.Role, count(*), sum(l.BytesSent) FROM logs l JOIN hosts h ON l.Computer = h.Computer WHERE l.StatusCode >= 500 GROUP BY 1, 2 ORDER BY 3 DESC",
    "needle": "SELECT * FROM logs WHERE OperationId = '@'",
    "last15m": "SELECT count(*) FROM logs WHERE TimeGenerated >= (SELECT max(TimeGenerated) FROM logs) - INTERVAL 15 MINUTE AND Level = 'Error'",
}


class DuckDB(Engine):
    def connect(self):
        self.db = duckdb.connect()
        self.db.execute(f"SET threads = {self.threads}")
        self.db.execute("SET TimeZone = 'UTC'")
        folder = os.path.join(os.path.dirname(duckdb_extension_httpfs.__file__), "extensions")
        version = f"v{duckdb.__version__}"
        self.db.execute(f"LOAD '{folder}/{version}/httpfs.duckdb_extension'")

    def source(self):
        columns = ", ".join(f"{name}: '{TYPES.get(name, 'VARCHAR')}'" for name in COLUMNS)
        return f"read_json('{self.logs}', format = 'newline_delimited', columns = {{{columns}}})"

    def open(self):
        self.connect()
        self.attach()
        self.db.execute(f"CREATE TABLE hosts AS SELECT * FROM read_json('{self.hosts}')")

    def forget(self):
        self.db.close()
        self.open()

    def run(self, query):
        done = self.db.execute(SQL[query].replace("@", self.needle))
        return [column[0] for column in done.description], done.fetchall()


class EncryptedParquet(DuckDB):
    """AES-GCM for each Parquet module, one key."""

    def connect(self):
        super().connect()
        self.file = f"{self.store}/logs.parquet"
        self.db.execute(f"PRAGMA add_parquet_key('k', '{KEY}')")

    def ingest(self):
        self.connect()
        # As fast as it can: the order of rows in the file is of no account to it.
        self.db.execute("SET preserve_insertion_order = false")
        self.db.execute(
            f"COPY (SELECT * FROM {self.source()}) TO '{self.file}' "
            "(FORMAT parquet, COMPRESSION zstd, ENCRYPTION_CONFIG {footer_key: 'k'})"
        )

    def attach(self):
        parquet = f"read_parquet('{self.file}', encryption_config = {{footer_key: 'k'}})"
        self.db.execute(f"CREATE VIEW logs AS SELECT * FROM {parquet}")


class EncryptedDatabase(DuckDB):
    """AES-256-GCM for each block of 256 KiB, one key; blocks in memory are plain."""

    def attach_database(self):
        self.db.execute(f"ATTACH '{self.store}/logs.db' AS d (ENCRYPTION_KEY '{KEY}')")

    def ingest(self):
        self.connect()
        self.attach_database()
        self.db.execute(f"CREATE TABLE d.logs AS SELECT * FROM {self.source()}")
        self.db.execute("CHECKPOINT d")
        self.db.execute("DETACH d")

    def attach(self):
        self.attach_database()
        self.db.execute("CREATE VIEW logs AS SELECT * FROM d.logs")


class Kql(EncryptedParquet):
    """The same encrypted Parquet, asked in KQL. Its own way to run a query needs DuckDB 2; translating does not,
    and is timed with the query."""

    def open(self):
        super().open()
        self.db.execute("CREATE VIEW Logs_CL AS SELECT * FROM logs")
        self.db.execute("CREATE VIEW Hosts_CL AS SELECT * FROM hosts")
        hosts = self.db.execute("SELECT * FROM hosts LIMIT 0").description
        self.schema = {"Logs_CL": COLUMNS, "Hosts_CL": [column[0] for column in hosts]}

    def run(self, query):
        import duckdb_kql

        done = self.db.execute(str(duckdb_kql.to_sql(self.kql[query], schema=self.schema)))
        return [column[0] for column in done.description], done.fetchall()
