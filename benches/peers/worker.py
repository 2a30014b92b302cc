"""One peer as a process: `worker.py NAME`, see `engine.py`."""

import sys

from engine import serve


def make(options):
    match sys.argv[1]:
        case "duckdb-parquet":
            from duckdb_engine import EncryptedParquet as engine
        case "duckdb-database":
            from duckdb_engine import EncryptedDatabase as engine
        case "duckdb-kql":
            from duckdb_engine import Kql as engine
        case "clickhouse":
            from clickhouse_engine import ClickHouse as engine
        case "polars":
            from polars_engine import Polars as engine
    return engine(options)


serve(make)
