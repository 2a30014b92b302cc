"""Records that look like those of web servers, applications and syslog: 15 columns, skewed values, the same for
the same seed. Beside them the machines they come from."""

import datetime
import json
import math
import os
import random

ROLES = ["web", "app", "db", "k8s", "gw"]
REGIONS = ["koreacentral", "koreasouth", "eastus", "westeurope", "japaneast"]
LEVELS = ["Information"] * 78 + ["Verbose"] * 9 + ["Warning"] * 8 + ["Error"] * 4 + ["Critical"]
CATEGORIES = ["Web"] * 50 + ["App"] * 30 + ["Syslog"] * 20
METHODS = ["GET"] * 70 + ["POST"] * 20 + ["PUT"] * 6 + ["DELETE"] * 4
STATUS = (
    [200] * 80 + [201] * 4 + [204] * 3 + [301] * 2 + [304] * 3 + [400] * 2 + [401] * 2
    + [403, 404, 404, 500, 502, 503]
)
PATHS = [
    "/api/v1/orders", "/api/v1/orders/{}", "/api/v2/users/{}/profile", "/health", "/login",
    "/static/app.{}.js", "/api/v1/search?q=item{}", "/api/v1/cart/{}", "/metrics", "/api/v1/payments/{}",
]
EXCEPTIONS = ["Timeout", "NullReference", "Argument", "IO", "Sql", "InvalidOperation"]
MESSAGES = {
    "Web": [
        "Request finished {m} {u} in {d} ms with status {s}",
        "Request starting HTTP/1.1 {m} {u} from {ip}",
        "Upstream {h} responded {s} after {d} ms",
        "Connection reset by peer {ip} while reading {u}",
    ],
    "App": [
        "Order {n} processed for user {usr} in {d} ms",
        "Cache miss for key session:{usr}:{n}",
        "Retrying call to payments attempt {k} after {d} ms",
        "Query executed in {d} ms rows={n} plan=idx_{k}",
        "Unhandled exception System.{e}Exception: operation {n} failed at Service.Handle(line {k})",
        "Request to inventory timed out: Timeout after {d} ms (correlation {n})",
    ],
    "Syslog": [
        "sshd[{n}]: Accepted publickey for svc{k} from {ip} port {n} ssh2",
        "sshd[{n}]: Failed password for invalid user admin{k} from {ip} port {n}",
        "kernel: [{n}.{k}] eth0: link up, 10000 Mbps",
        "CRON[{n}]: (root) CMD (/usr/lib/sysstat/sa1 {k} 1)",
        "systemd[1]: Started Session {n} of user svc{k}.",
    ],
}
GROUPS = "/subscriptions/0b1f6471-1bf0-4dda-aec3-111122223333/resourcegroups/rg-"
START = datetime.datetime(2026, 11, 1)
HOURS = 24
HOSTS = 200
# Of a record; spreads the records over the hours.
MEAN_BYTES = 609.0
BATCH = 20_000


def make_hosts(path):
    with open(path, "w") as out:
        for n in range(HOSTS):
            row = {
                "Computer": name_of(n),
                "Region": REGIONS[n * 7 % 5],
                "Role": ROLES[n % 5],
                "Sku": ["D2", "D4", "E8"][n % 3],
                "Owner": f"team{n % 17}",
            }
            out.write(json.dumps(row) + "\n")


def name_of(host):
    return f"vm-{ROLES[host % 5]}-{host:04d}"


def make_logs(path, mb, seed):
    """Writes about `mb` million bytes of NDJSON. Returns how many rows, and the OperationId of one that stands
    five eighths into them."""
    rng = random.Random(seed)
    bits, uniform = rng.getrandbits, rng.random
    hosts = [name_of(n) for n in range(HOSTS)]
    limit = mb * 1_000_000
    step = HOURS * 3600e6 / (limit / MEAN_BYTES)
    rows = written = elapsed = 0
    needle, second, prefix = None, None, ""
    buffer = []
    with open(path + ".writing", "w", buffering=1 << 20) as out:
        while written < limit:
            elapsed += int(step * 2 * uniform())
            whole, micros = divmod(elapsed, 1_000_000)
            if whole != second:
                second = whole
                prefix = (START + datetime.timedelta(seconds=whole)).isoformat()
            x = bits(64)
            i = int(HOSTS * uniform() ** 2)
            h = hosts[i]
            category = CATEGORIES[x % 100]
            level = LEVELS[(x >> 7) % 100]
            m = METHODS[(x >> 14) % 100]
            s = STATUS[(x >> 21) % len(STATUS)]
            n = (x >> 30) & 0xFFFFF
            k = (x >> 50) & 31
            usr = f"u{int(200000 * uniform() ** 3):06d}"
            d = round(-60.0 * math.log(1 - uniform()), 3)
            u = PATHS[(x >> 55) % 10].format(n)
            ip = f"10.{(x >> 8) & 15}.{(x >> 16) & 255}.{(x >> 24) & 255}"
            texts = MESSAGES[category]
            message = texts[(x >> 40) % len(texts)].format(
                m=m, u=u, d=d, s=s, ip=ip, h=h, n=n, usr=usr, k=k, e=EXCEPTIONS[k % 6]
            )
            operation = f"{bits(128):032x}"
            if needle is None and written * 8 >= limit * 5:
                needle = operation
            slot = "blue" if k & 1 else "green"
            line = (
                f'{{"TimeGenerated":"{prefix}.{micros:06d}Z","Computer":"{h}","Level":"{level}",'
                f'"Category":"{category}","Method":"{m}","Url":"{u}","StatusCode":{s},"DurationMs":{d},'
                f'"BytesSent":{(x >> 13) & 0x3FFFF},"ClientIp":"{ip}","UserId":"{usr}",'
                f'"OperationId":"{operation}","Message":"{message}",'
                f'"Properties":"{{\\"build\\":\\"2.{k}.{n & 7}\\",\\"slot\\":\\"{slot}\\",'
                f'\\"retry\\":{k & 3},\\"tenant\\":\\"t{n % 50}\\"}}",'
                f'"_ResourceId":"{GROUPS}{ROLES[i % 5]}/providers/microsoft.compute/virtualmachines/{h}"}}\n'
            )
            buffer.append(line)
            written += len(line)
            rows += 1
            if len(buffer) >= BATCH:
                out.write("".join(buffer))
                buffer.clear()
        out.write("".join(buffer))
    os.replace(path + ".writing", path)
    return rows, needle
