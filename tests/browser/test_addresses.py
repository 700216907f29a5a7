"""The script's half of the filter of addresses does what the other half does: tests/addresses.json.

No browser: the functions are read out of the script and called in Node, whose URL is the same.
"""

import json
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
FIRST, LAST = "\tconst PATH = ", "\n\t};\n"


def cleaned(addresses):
    """What `cleaned` of the script makes of each."""
    script = (ROOT / "storefront/segrelay.js").read_text()
    begin = script.index(FIRST)
    functions = script[begin:script.index(LAST, script.index("\tconst cleaned = ", begin)) + len(LAST)]
    program = ("const location = {href: 'https://shop.example/'};\n" + functions +
               "process.stdout.write(JSON.stringify(JSON.parse(require('fs').readFileSync(0)).map(each => cleaned(each))));")
    done = subprocess.run(["node", "-e", program], input=json.dumps(addresses), capture_output=True, text=True, check=True,
                          timeout=60)
    return json.loads(done.stdout)


@pytest.mark.skipif(not shutil.which("node"), reason="no node: apt-get install nodejs")
def test_the_script_sends_the_same_of_an_address_as_the_relay():
    vectors = json.loads((ROOT / "tests/addresses.json").read_text())
    results = cleaned([address for address, _ in vectors])
    wrong = [(address, clean, result["url"]) for (address, clean), result in zip(vectors, results) if result["url"] != clean]
    assert wrong == []
    assert all(result["url"].endswith(result["path"] + result["search"]) for result in results)
