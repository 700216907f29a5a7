"""Real disks: full, read-only, with damaged files. Nothing is lost, nothing is overwritten."""

import contextlib
import fcntl
import os
import pathlib
import signal
import sqlite3
import subprocess
import threading

import pytest
from conftest import MAIN_KEY, SEGRELAY, Relay
from standin.segment import slow
from tools.shop import order

FIRST = 5790000000000
PAGE = 8192


# ---- a disk that fills ----

@contextlib.contextmanager
def small_disk(directory, size):
    """A tmpfs; skips the test where none can be mounted."""
    directory.mkdir(exist_ok=True)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", directory],
                      capture_output=True, check=False).returncode != 0:
        pytest.skip("only root can mount a small disk")
    try:
        yield directory
    finally:
        subprocess.run(["umount", "-l", directory], check=True)


@pytest.fixture
def disk(tmp_path):
    with small_disk(tmp_path / "disk", "12m") as mounted:
        yield mounted


@pytest.fixture
def relay_on_disk(disk, make_relay):
    """A relay whose store is on the small disk; its log is not."""
    return make_relay(options='stop_grace = "1s"', store=disk / "segrelay.db")


def fill(disk):
    """Leaves no room; the path of what takes it."""
    path = disk / "others"
    with open(path, "wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"\0" * 4096)
    return path


def post_until_refused(relay, number):
    """The numbers of the orders that were answered 200 before the first 503, and its answer."""
    taken = []
    for at in range(number, number + 500):
        answer = relay.post("orders/create", order(at - FIRST, id=at))
        if answer.status != 200:
            return taken, answer
        taken.append(str(at))
    raise AssertionError("the disk does not fill")


def test_a_full_disk_refuses_sends_on_and_recovers(relay_on_disk, disk, segment):
    relay = relay_on_disk
    segment.stop()
    assert relay.post("orders/create", order(0, id=FIRST)).status == 200
    others = fill(disk)
    taken, answer = post_until_refused(relay, FIRST + 1)
    assert answer.status == 503 and int(answer.headers["retry-after"]) > 0
    ready = relay.get("/readyz")
    assert ready.status == 503 and b"make room" in ready.body
    assert relay.get("/healthz").status == 200
    refusal = relay.said("webhook intake suspended")[0]
    assert "make room" in refusal["reason"] and "503" in refusal["effect"] and refusal["action"]
    segment.start()  # what is stored goes out, though there is no room
    segment.wait_for(2 * (len(taken) + 1))
    others.unlink()
    relay.wait(lambda: relay.get("/readyz").status == 200)
    assert relay.said("webhook intake resumed")
    again = FIRST + 1 + len(taken)
    assert relay.post("orders/create", order(again - FIRST, id=again)).status == 200
    segment.wait_for(2 * (len(taken) + 2))
    told = [event["properties"]["order_id"] for event in segment.events("Order Completed")]
    assert sorted(told) == sorted([str(FIRST), *taken, str(again)])
    relay.wait(lambda: relay.destination()["waiting"] == 0)
    assert relay.metric("segrelay_counters_balanced") == 1
    assert segment.repetitions() == 0


def test_a_full_disk_survives_a_crash_and_a_restart(relay_on_disk, disk, segment):
    relay = relay_on_disk
    segment.stop()
    assert relay.post("orders/create", order(0, id=FIRST)).status == 200
    others = fill(disk)
    taken, _ = post_until_refused(relay, FIRST + 1)
    relay.kill()
    segment.start()
    others.unlink()
    relay.start()
    segment.wait_for(2 * (len(taken) + 1))
    assert segment.repetitions() == 0


def test_it_starts_on_a_full_disk_or_says_why_not(relay_on_disk, disk):
    relay = relay_on_disk
    relay.post("orders/create", order(0, id=FIRST))
    relay.stop()
    others = fill(disk)
    status, log = serve(relay)
    if status is None:  # it runs, and refuses
        relay.wait(lambda: relay.post("orders/create", order(1, id=FIRST + 1)).status == 503)
        assert relay.get("/readyz").status == 503
        relay.stop()
    else:
        assert status == 1 and "make room" in log  # systemd starts it again
    others.unlink()
    relay.start()
    assert relay.topic("orders/create")["mapped"] == 1


def test_who_has_no_room_for_a_store_is_started_again(relay_on_disk, disk):
    """Status 2 would leave it to somebody who may not be there: systemd starts what ends with 1."""
    relay = relay_on_disk
    relay.stop()
    for file in disk.iterdir():
        file.unlink()
    others = fill(disk)
    status, log = serve(relay)
    assert status == 1 and "make room" in log
    others.unlink()
    relay.start()
    assert relay.post("orders/create", order(0, id=FIRST)).status == 200


# ---- files that cannot be written, or are damaged ----

def serve(relay):
    """Starts the relay: its exit status (None when it runs) and what it logged meanwhile."""
    before = len(relay.log())
    relay.spawn()
    relay.wait(lambda: relay.process.poll() is not None or "msg=started" in relay.log()[before:])
    status = relay.process.poll()
    if status is not None:
        relay.process = None
    else:
        relay._read_ports(before)
    return status, relay.log()[before:]


@pytest.fixture
def stored(make_relay, segment):
    """A relay that was stopped in order, with 40 orders told and 2 messages waiting."""
    relay = make_relay()
    for number in range(20):
        assert relay.post("orders/create", order(number, id=FIRST + number)).status == 200
    segment.wait_for(40)
    relay.wait(lambda: relay.destination()["waiting"] == 0)
    segment.stop()
    assert relay.post("orders/create", order(20, id=FIRST + 20)).status == 200
    relay.stop()
    segment.start()
    return relay


def flip(path, first, count=64):
    """Flips bits, as a failing disk does."""
    with open(path, "r+b") as file:
        file.seek(first)
        bytes_there = file.read(count)
        file.seek(first)
        file.write(bytes(each ^ 0x5A for each in bytes_there))


def header(path):
    with open(path, "r+b") as file:
        file.write(os.urandom(100))


def truncated(path):
    os.truncate(path, path.stat().st_size // 2 // PAGE * PAGE)


def cut_within_a_page(path):
    os.truncate(path, PAGE + 1000)


def zeroes(path):
    path.write_bytes(bytes(path.stat().st_size))


def schema(path):
    flip(path, 100, PAGE - 100)


def no_sqlite(path):
    path.write_text("this was a list of things to buy\n" * 100, encoding="utf-8")


def another_program(path):
    path.unlink()
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE things (name)")
    other.commit()
    other.close()


@pytest.mark.parametrize("damage", [header, truncated, cut_within_a_page, zeroes, schema, no_sqlite,
                                    another_program], ids=lambda damage: damage.__name__)
def test_a_damaged_file_is_refused_and_left_alone(stored, damage):
    path = stored.database
    damage(path)
    before = path.read_bytes()
    status, log = serve(stored)
    if status is None:
        answer = stored.post("orders/create", order(30, id=FIRST + 30))
        stored.wait(lambda: stored.process.poll() is not None or answer.status == 200)
        status = stored.process.poll()
        log = stored.log()
        stored.process = None if status is not None else stored.process
    assert status == 2, log
    assert str(path) in log and "level=error" in log
    assert path.read_bytes() == before
    done = stored.run("status", status=1)
    assert str(path) in done.stderr
    assert path.read_bytes() == before


def settled(relay):
    """Waits until the relay has ended, or takes webhooks; its exit status."""
    def is_settled():
        try:
            return relay.process.poll() is not None or relay.get("/readyz").status == 200
        except OSError:
            return False  # it is ending
    relay.wait(is_settled)
    return relay.process.poll()


@pytest.mark.long(27)
def test_bits_that_flip_in_the_middle_stop_it_or_do_no_harm(stored, segment):
    """SQLite sees them when a page's structure is hit; then it ends, and they are as they were."""
    path = stored.database
    whole = path.read_bytes()
    for page in range(PAGE, len(whole), 4 * PAGE):
        path.write_bytes(whole)
        flip(path, page, 32)
        flipped = path.read_bytes()[page:page + 32]
        status, log = serve(stored)
        if status is None:
            answer = stored.post("orders/create", order(40, id=FIRST + 40))
            assert answer.status in (200, 503)
            status = settled(stored)
        if status is None:
            stored.stop()
            continue
        stored.process = None
        assert status == 2, log
        assert "damaged" in stored.log() and ".recover" in stored.log()
        assert path.read_bytes()[page:page + 32] == flipped


@pytest.mark.long(10)
def test_damage_that_is_found_while_it_stops(stored, segment):
    """It stops in order all the same: what is in flight is waited for, and the status says why."""
    with contextlib.closing(sqlite3.connect(stored.database)) as store:
        root, = store.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'emitted'").fetchone()
    flip(stored.database, (root - 1) * PAGE, 32)
    requests = len(segment.requests)
    segment.fail(slow(5))
    status, log = serve(stored)
    assert status is None, log
    segment.wait(lambda: len(segment.requests) > requests)
    assert stored.post("orders/create", order(40, id=FIRST + 40)).status == 503
    if len(stored.lines("stopping")) == 1:  # it looks for damage a second later
        stored.process.send_signal(signal.SIGTERM)
    assert stored.process.wait(60) == 2
    assert stored.said("store damage detected") and stored.said("stopped")[-1]["status"] == "2"
    stored.process = None


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_rights_that_lack(stored):
    stored.database.chmod(0o400)
    status, log = serve(stored)
    assert status == 1 and "check the permissions" in log


def test_a_read_only_disk_is_named(stored, tmp_path):
    """Root writes in spite of a file's rights, but not on a disk that is mounted read-only."""
    with small_disk(tmp_path / "disk", "12m") as disk:
        path = disk / "segrelay.db"
        path.write_bytes(stored.database.read_bytes())
        stored.write_config("", {"main": (MAIN_KEY, "http://127.0.0.1:9", "")}, store=path)
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        before = path.read_bytes()
        status, log = serve(stored)
        assert status == 1
        assert "Read-only file system" in log and str(path) in log
        assert path.read_bytes() == before
        subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
        status, log = serve(stored)
        assert status is None, log
        stored.stop()


def test_a_folder_that_is_not_there(stored, tmp_path):
    """Its disk may be mounted later: systemd tries again."""
    stored.write_config("", {"main": (MAIN_KEY, "http://127.0.0.1:9", "")},
                        store=pathlib.Path("/nowhere/at/all/segrelay.db"))
    status, log = serve(stored)
    assert status == 1 and "/nowhere/at/all/segrelay.db" in log and "No such file" in log
    assert "create its folder, or mount its disk" in log
    later = tmp_path / "later"
    stored.write_config("", {"main": (MAIN_KEY, "http://127.0.0.1:9", "")}, store=later / "segrelay.db")
    assert serve(stored)[0] == 1
    later.mkdir()
    status, log = serve(stored)
    assert status is None, log


@pytest.mark.parametrize("path", ["folder", "x" * 300, "loop/segrelay.db"],
                         ids=["a folder", "a long name", "a loop of links"])
def test_a_path_that_can_be_no_store_is_a_mistake(stored, tmp_path, path):
    """No mount makes it good: to start again cannot help."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    stored.write_config("", {"main": (MAIN_KEY, "http://127.0.0.1:9", "")}, store=tmp_path / path)
    status, log = serve(stored)
    assert status == 2, log


def test_a_store_that_another_program_writes_to(stored):
    """Its lock passes: systemd tries again."""
    with contextlib.closing(sqlite3.connect(stored.database)) as other:
        other.execute("BEGIN EXCLUSIVE")
        status, log = serve(stored)
        assert status == 1 and "another program has opened it" in log
        other.rollback()
    status, log = serve(stored)
    assert status is None, log


def test_status_2_is_what_systemd_does_not_try_again():
    unit = (pathlib.Path(__file__).parents[2] / "systemd/segrelay.service").read_text(encoding="utf-8")
    assert "\nRestart=on-failure\n" in unit and "\nRestartPreventExitStatus=2\n" in unit
    assert "\nStartLimitIntervalSec=0\n" in unit


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can look into another user's store")
def test_root_locks_the_user_of_the_service_out_of_nothing(relay):
    """A restored store has no lock: who looks at it as root before the start makes one."""
    relay.stop()
    nobody = 65534
    folder = relay.directory / "of nobody"
    folder.mkdir()
    os.chown(folder, nobody, nobody)
    relay.config.write_text(relay.config.read_text(encoding="utf-8")
                            .replace(str(relay.database), str(folder / "segrelay.db")), encoding="utf-8")
    relay.run("status")
    made = list(folder.iterdir())
    assert folder / "segrelay.db.lock" in made
    assert [path.name for path in made if path.stat().st_uid != nobody or path.stat().st_mode & 0o77] == []
    relay.database = folder / "segrelay.db"
    relay.start()


def test_the_folder_goes_while_it_runs(relay, segment):
    """The file is gone: it is not made anew, as then all would be told again."""
    assert relay.post("orders/create", order(0, id=FIRST)).status == 200
    segment.wait_for(2)
    path = relay.database
    aside = path.with_suffix(".aside")
    os.rename(path, aside)
    relay.post("orders/create", order(1, id=FIRST + 1))
    relay.kill()
    os.rename(aside, path)
    relay.start()
    assert relay.topic("orders/create")["received"] >= 1


def test_another_relay_has_the_store(relay):
    nowhere = {"main": (MAIN_KEY, "http://127.0.0.1:9", "")}
    second = Relay(relay.directory, None, destinations=nowhere)
    second.config = relay.directory / "second.conf"
    second.log_path = relay.directory / "second.log"
    second.log_path.touch()
    second.write_config("", nowhere)
    status, log = serve(second)
    assert status == 1 and "is in use by another segrelay" in log
    assert relay.post("orders/create", order()).status == 200


def test_a_verb_that_looks_in_while_it_starts(stored):
    """`segrelay status` has the store for a moment; after status 2 systemd would not start it again."""
    with open(f"{stored.database}.lock", "ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        threading.Timer(0.5, lambda: fcntl.flock(lock, fcntl.LOCK_UN)).start()
        status, log = serve(stored)
    assert status is None, log
