"""ClickHouse in the process (chdb): MergeTree on an encrypted disk. AES-256-CTR, which finds no damage, with a key
that stands in the configuration."""

import json
import os

from chdb import session

from engine import COLUMNS, KEY, Engine

TYPES = {
    "TimeGenerated": "DateTime64(6)", "StatusCode": "Int32", "DurationMs": "Float64", "BytesSent": "Int64",
    **dict.fromkeys(["Computer", "Level", "Category", "Method", "_ResourceId"], "LowCardinality(String)"),
}
SQL = {
    "count_by_bin": "SELECT toStartOfInterval(TimeGenerated, INTERVAL 5 MINUTE) t, count() FROM d.logs GROUP BY 1 ORDER BY 1",
    "contains": "SELECT count() FROM d.logs WHERE Message ILIKE '%timeout%'",
    "topk": "SELECT TimeGenerated, Computer, Url, DurationMs FROM d.logs ORDER BY DurationMs DESC LIMIT 20",
    "summarize": "SELECT Computer, Category, count(), quantileTDigest(0.95)(DurationMs), avg(DurationMs), uniq(UserId) FROM d.logs WHERE Level IN ('Error', 'Warning') GROUP BY 1, 2",
    "join": "SELECT h.Region, h.Role, count(), sum(l.BytesSent) FROM d.logs l JOIN d.hosts h ON l.Computer = h.Computer WHERE l.StatusCode >= 500 GROUP BY 1, 2 ORDER BY 3 DESC",
    "needle": "SELECT * FROM d.logs WHERE OperationId = '@'",
    "last15m": "SELECT count() FROM d.logs WHERE TimeGenerated >= (SELECT max(TimeGenerated) FROM d.logs) - INTERVAL 15 MINUTE AND Level = 'Error'",
}
CACHES = ["MARK CACHE", "UNCOMPRESSED CACHE", "PRIMARY INDEX CACHE", "QUERY CONDITION CACHE", "QUERY CACHE"]


def config(folder):
    disks = (
        f"<loc><type>local</type><path>{folder}/disk/</path></loc>"
        "<enc><type>encrypted</type><disk>loc</disk><path>e/</path>"
        f"<algorithm>AES_256_CTR</algorithm><key>{KEY}</key></enc>"
    )
    policy = "<policies><enc><volumes><main><disk>enc</disk></main></volumes></enc></policies>"
    return (
        f"<clickhouse><timezone>UTC</timezone>"
        f"<custom_local_disks_base_directory>{folder}</custom_local_disks_base_directory>"
        f"<storage_configuration><disks>{disks}</disks>{policy}</storage_configuration></clickhouse>"
    )


class ClickHouse(Engine):
    def start(self):
        path = f"{self.store}/config.xml"
        os.makedirs(f"{self.store}/disk", exist_ok=True)
        with open(path, "w") as out:
            out.write(config(self.store))
        self.session = session.Session(f"{self.store}?config-file={path}")

    def sql(self, text, form="TabSeparated"):
        return self.session.query(text, form).bytes().decode()

    def ingest(self):
        self.start()
        columns = ", ".join(f"{name} {TYPES.get(name, 'String')}" for name in COLUMNS)
        self.sql("CREATE DATABASE d ENGINE = Atomic")
        self.sql(
            f"CREATE TABLE d.logs ({columns}) ENGINE = MergeTree ORDER BY TimeGenerated "
            "SETTINGS storage_policy = 'enc'"
        )
        self.sql(
            f"INSERT INTO d.logs SELECT * FROM file('{self.logs}', 'JSONEachRow', '{columns}') "
            f"SETTINGS max_threads = {self.threads}, max_insert_threads = {self.threads}, "
            f"max_parsing_threads = {self.threads}, date_time_input_format = 'best_effort'"
        )

    def bytes(self):
        """Of the parts in use; those merged away meanwhile are not held against it."""
        parts = "SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = 'd'"
        return int(self.sql(parts))

    def open(self):
        self.start()
        # What it still has to merge is no business of whoever is measured next.
        self.sql("OPTIMIZE TABLE d.logs FINAL")
        self.sql("SYSTEM STOP MERGES")
        columns = "Computer String, Region String, Role String, Sku String, Owner String"
        self.sql("DROP TABLE IF EXISTS d.hosts")
        self.sql(f"CREATE TABLE d.hosts ({columns}) ENGINE = Memory")
        self.sql(f"INSERT INTO d.hosts SELECT * FROM file('{self.hosts}', 'JSONEachRow', '{columns}')")

    def forget(self):
        for cache in CACHES:
            self.sql(f"SYSTEM DROP {cache}")

    def run(self, query):
        text = f"{SQL[query]} SETTINGS max_threads = {self.threads}"
        lines = self.sql(text.replace("@", self.needle), "JSONCompactEachRowWithNames").splitlines()
        names, *rows = (json.loads(line) for line in lines)
        return names, rows
