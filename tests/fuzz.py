"""Asks a running node whatever its description allows, and what it does not, by schemathesis.

No answer may be a 5xx, have a status that is not described, or a body that does not fit its schema.
`cargo xtask fuzz` starts the node and this; the keys come in the environment, so that no list of processes shows them.
"""

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

SEED = "20261123"
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


def post(url: str, key: str, path: str, body: dict) -> dict:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json", "Idempotency-Key": f"seed-{path}"}
    request = urllib.request.Request(url + path, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def seed(url: str, key: str) -> dict:
    """A subscriber with airtime, so that routes which name one are asked about somebody."""
    person = {"name": "测试", "id_number": "11010519491231002X", "msisdn": "13300041001", "own_card": "6222021234500000001"}
    return post(url, key, "/v1/subscribers", {**person, "lots": [{"provenance": "self_paid", "amount_fen": 1_000_000}]})


def configuration(key_variable: str, subscriber: dict) -> str:
    """Known ids for the paths that name things; everything else is made up."""
    places = {
        r"^/v1/subscribers/\{id\}": ("id", subscriber["id"]),
        r"^/v1/persons/\{id\}": ("id", subscriber["person"]),
        r"^/v1/limits/": ("person", subscriber["person"]),
    }
    lines = ["[headers]", f'Authorization = "Bearer ${{{key_variable}}}"']
    for pattern, (name, value) in places.items():
        lines += ["[[operations]]", f"include-path-regex = '{pattern}'", f'parameters = {{ "path.{name}" = "{value}" }}']
    return "\n".join(lines) + "\n"


def run(url: str, key_variable: str, subscriber: dict, folder: Path, examples: int) -> int:
    file = folder / f"{key_variable.lower()}.toml"
    file.write_text(configuration(key_variable, subscriber))
    program = Path(sys.executable).with_name("schemathesis")
    words = [program, "--config-file", file, "run", f"{url}/openapi.json", "--checks", CHECKS, "--phases",
             "examples,coverage,fuzzing", "--max-examples", str(examples), "--seed", SEED, "--workers", "1",
             "--no-shrink", "--generation-database", "none", "--warnings", "off", "--request-timeout", "10"]
    return subprocess.run([str(word) for word in words], stdin=subprocess.DEVNULL, cwd=folder).returncode


def main() -> int:
    url, folder = sys.argv[1], Path(sys.argv[2])
    subscriber = seed(url, os.environ["FUZZ_HOUSE"])
    # The house may do almost everything, and may shut the other out: a partner's programme, which sees what is refused.
    worst = 0
    for key_variable, examples in (("FUZZ_PARTNER", 2), ("FUZZ_HOUSE", int(sys.argv[3]))):
        worst = max(worst, run(url, key_variable, subscriber, folder, examples))
    return worst


if __name__ == "__main__":
    sys.exit(main())
