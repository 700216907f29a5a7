"""The program as it is built: hardened, and without a trace of the machine that built it."""

import os
import pathlib
import platform
import re
import subprocess

import pytest
from conftest import ROOT, SEGRELAY

PROGRAM = pathlib.Path(SEGRELAY).read_bytes()
SANITIZED = any(mark in PROGRAM for mark in (b"__asan_init", b"__tsan_init", b"__ubsan_handle"))


# What another make hands down is not for these, neither in its flags nor, as it exports what its command line sets,
# by name: its variables are those of a sanitizer's build.
HANDED_DOWN = {"BUILD", "CC", "CFLAGS", "HARDENING", "LDFLAGS"}
ENVIRONMENT = {name: value for name, value in os.environ.items()
               if not name.startswith(("MAKE", "MFLAGS")) and name not in HANDED_DOWN}


def read(*options):
    return subprocess.run(["readelf", "-W", *options, SEGRELAY], capture_output=True, text=True,
                          check=True).stdout


def make(goal, *words, makefile=ROOT / "Makefile", directory=ROOT):
    """What make prints for a goal without running it."""
    return subprocess.run(["make", "-n", "-B", "-C", directory, "-f", makefile, goal, *words],
                          capture_output=True, text=True, env=ENVIRONMENT, check=True).stdout


def test_no_path_of_the_build_is_in_it():
    assert str(ROOT).encode() not in PROGRAM


@pytest.mark.skipif(SANITIZED, reason="a sanitizer's build has its own")
def test_it_is_hardened():
    assert re.search(r"Type:\s+DYN \(Position-Independent", read("-h"))
    dynamic = read("-d")
    assert "BIND_NOW" in dynamic or re.search(r"FLAGS.*NOW", dynamic)
    assert "GNU_RELRO" in read("-l") and not re.search(r"GNU_STACK.* RWE", read("-l"))
    symbols = read("--dyn-syms")
    assert "__stack_chk_fail" in symbols
    assert re.search(r"__(snprintf|memcpy|read|vsnprintf)_chk", symbols)


def flags(*words):
    line = next(line for line in make("build/none/src/main.o", "BUILD=build/none", *words).splitlines()
                if " -c -o " in line)
    return line.split()


def test_the_flags_are_what_the_compiler_has():
    given = flags()
    assert "-fstack-clash-protection" in given and "-fstack-protector-strong" in given
    if platform.machine() == "x86_64":
        assert "-fcf-protection" in given
    levels = [flag for flag in given if "_FORTIFY_SOURCE" in flag]
    assert levels[0] == "-U_FORTIFY_SOURCE" and levels[1] in ("-D_FORTIFY_SOURCE=2", "-D_FORTIFY_SOURCE=3")


@pytest.mark.parametrize("words", [["CFLAGS=-O2 -D_FORTIFY_SOURCE=2"], ["CFLAGS=-O0 -g"], ["CFLAGS=-O3"],
                                   ["HARDENING=-fPIE", "CFLAGS=-O1 -fsanitize=undefined"]],
                         ids=["another level", "none without optimization", "more", "a sanitizer's"])
def test_any_flags_compile_without_a_warning(tmp_path, words):
    command = ["make", "-C", ROOT, f"BUILD={tmp_path}/build", *words, f"{tmp_path}/build/src/base/text.o"]
    done = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, check=False)
    assert done.returncode == 0 and done.stderr == "", done.stderr
