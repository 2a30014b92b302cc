"""What every peer is to the comparison, and how it is asked. A peer runs in a process of its own and is told what
to do by one line of JSON at a time; each answer is a line too. lockbox's own worker (`benches/logs`) is asked in
the same way.

    {"do": "ingest"}                  the file into a new store, durable when the answer comes
    {"do": "open"}                    from a store that is there
    {"do": "rows", "query": Q}        the answer itself
    {"do": "first", "query": Q}       milliseconds, with nothing of earlier queries in memory
    {"do": "again", "query": Q}       milliseconds, with whatever the engine keeps
"""

import json
import os
import shutil
import sys
import time

COLUMNS = [
    "TimeGenerated", "Computer", "Level", "Category", "Method", "Url", "StatusCode", "DurationMs",
    "BytesSent", "ClientIp", "UserId", "OperationId", "Message", "Properties", "_ResourceId",
]
# 32 characters: the longest key each of them takes.
KEY = "0123456789abcdef0123456789abcdef"


class Engine:
    """A peer with its store in a folder of its own. `run` answers a query with column names and rows."""

    def __init__(self, options):
        self.logs, self.hosts, self.store = options["logs"], options["hosts"], options["store"]
        self.threads, self.needle = options["threads"], options["needle"]
        self.kql = {
            name: text.replace("@", self.needle) for name, text in options["queries"].items()
        }

    def ingest(self):
        raise NotImplementedError

    def open(self):
        raise NotImplementedError

    def forget(self):
        """Drops what is in memory; the operating system keeps what it has read."""

    def run(self, query):
        raise NotImplementedError

    def bytes(self):
        return sum(os.path.getsize(path) for path in files(self.store))


def files(folder):
    return [os.path.join(at, name) for at, _, names in os.walk(folder) for name in names]


def sync(folder):
    """Makes all files durable, for engines that leave that to the system."""
    for path in files(folder) + [folder]:
        handle = os.open(path, os.O_RDONLY)
        os.fsync(handle)
        os.close(handle)


def clock(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def answer(engine, asked):
    query = asked.get("query")
    match asked["do"]:
        case "ingest":
            shutil.rmtree(engine.store, ignore_errors=True)
            os.makedirs(engine.store)

            def durable():
                engine.ingest()
                sync(engine.store)

            seconds = clock(durable)
            return {"seconds": seconds, "bytes": engine.bytes()}
        case "open":
            engine.open()
            return {}
        case "rows":
            columns, rows = engine.run(query)
            return {"columns": columns, "rows": rows}
        case "first":
            engine.forget()
            return {"ms": clock(lambda: engine.run(query)) * 1e3}
        case "again":
            return {"ms": clock(lambda: engine.run(query)) * 1e3}


def serve(make):
    """Answers until nothing more is asked. Whatever an engine prints goes to standard error."""
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    engine = make(json.loads(sys.stdin.readline()))
    for line in sys.stdin:
        try:
            reply = answer(engine, json.loads(line))
        except Exception as error:  # an engine that cannot do something says so and goes on
            reply = {"error": f"{type(error).__name__}: {error}"[:400]}
        replies.write(json.dumps(reply, default=str) + "\n")
        replies.flush()
