"""A browser for the tests: driver.mjs as a process, and a visitor in it."""

import itertools
import json
import os
import pathlib
import queue
import shutil
import subprocess
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
PATIENCE = 70  # seconds, more than the driver has


def missing():
    """What the tests lack on this machine, or None."""
    if not pathlib.Path(CHROMIUM).exists():
        return f"no {CHROMIUM}: apt-get install chromium"
    if not shutil.which("node"):
        return "no node: apt-get install nodejs npm"
    if not (HERE / "node_modules/playwright-core").exists():
        return "no tests/browser/node_modules: make check-browser"
    return None


class Browser:
    """The driver's process. Any thread may ask it."""

    def __init__(self):
        self._process = subprocess.Popen(["node", HERE / "driver.mjs"], stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, text=True)
        self._ids = itertools.count()
        self._answers = {}
        self._lock = threading.Lock()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self._process.stdout:
            answer = json.loads(line)
            self._answers.pop(answer["id"]).put(answer)
        for answers in self._answers.values():
            answers.put({"error": "the driver ended"})

    def ask(self, command, **arguments):
        answers = queue.Queue()
        with self._lock:
            number = next(self._ids)
            self._answers[number] = answers
            self._process.stdin.write(json.dumps({"id": number, "do": command, **arguments}) + "\n")
            self._process.stdin.flush()
        answer = answers.get(timeout=PATIENCE)
        assert "error" not in answer, f"{command}: {answer['error']}"
        return answer.get("result")

    def render(self, template, values):
        """Liquid as Shopify renders it."""
        return self.ask("render", template=template, values=values)

    def close(self):
        self._process.stdin.close()
        self._process.wait(PATIENCE)


class Visitor:
    """Somebody with a browser that knows nothing yet: no cookie, no storage."""

    def __init__(self, browser, name, **options):
        self._browser = browser
        self._name = name
        browser.ask("open", visitor=name, **options)

    def _ask(self, command, **arguments):
        return self._browser.ask(command, visitor=self._name, **arguments)

    def goto(self, url):
        self._ask("goto", url=url)

    def commit(self, url):
        """Goes there, and waits for the first bytes alone."""
        self._ask("goto", url=url, until="commit")

    def click(self, selector, **options):
        self._ask("click", selector=selector, **options)

    def fill(self, selector, text):
        self._ask("fill", selector=selector, text=text)

    def scroll(self, selector):
        self._ask("scroll", selector=selector)

    def evaluate(self, script):
        return self._ask("evaluate", script=script)

    def in_frame(self, name, script):
        return self._ask("frame", name=name, script=script)

    def wait(self, script):
        self._ask("wait", script=script)

    def script_time(self):
        """Milliseconds of script since this was asked first."""
        return self._ask("script")

    def cookies(self):
        return {cookie["name"]: cookie["value"] for cookie in self._ask("cookies")}

    def set_cookie(self, url, name, value):
        self._ask("addCookies", cookies=[{"url": url, "name": name, "value": value}])

    def seen(self):
        """All requests of the visit, and the errors that the page had."""
        return self._ask("seen")

    def close(self):
        self._ask("close")


def wait(condition, seconds=60):
    """Waits until condition() holds, or fails the test."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds} s in vain"
        time.sleep(0.02)
