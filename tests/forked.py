"""Runs a Python program in a process forked from this one: the libraries that it shares with the tests are
imported already, which is most of what a short program takes.

Only libraries are shared. The child forgets this repository's own modules and finds them where the program
would, has no environment, folder, arguments or open files but those it is given, and ends without going back
to the tests.
"""

import logging
import os
import runpy
import select
import signal
import subprocess
import sys
import tempfile
import traceback
import warnings
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
OWN = ("cchc", "tests", "tools", "conftest")


def run_module(
    module: str, *words: str, cwd: Path, env: dict[str, str], timeout_s: float = 300
) -> subprocess.CompletedProcess[str]:
    """As subprocess.run([sys.executable, "-m", module, *words], …) with its output as text."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        child = os.fork()
        if not child:
            _become(module, words, cwd, env, out.fileno(), errors.fileno())
        status = _waited(child, timeout_s)
        said = []
        for file in (out, errors):
            file.seek(0)
            said.append(file.read().decode())
    return subprocess.CompletedProcess([module, *words], os.waitstatus_to_exitcode(status), *said)


def _waited(child: int, timeout_s: float) -> int:
    """Its status; after `timeout_s` it is killed."""
    watch = os.pidfd_open(child)
    try:
        if not select.select([watch], [], [], timeout_s)[0]:
            os.kill(child, signal.SIGKILL)
    finally:
        os.close(watch)
    return os.waitpid(child, 0)[1]


def _become(
    module: str, words: tuple[str, ...], cwd: Path, env: dict[str, str], out: int, errors: int
) -> None:
    code: Any = 1
    try:
        with open(os.devnull) as nothing:  # noqa: PTH123
            os.dup2(nothing.fileno(), 0)
        os.dup2(out, 1)
        os.dup2(errors, 2)
        sys.stdin, sys.stdout, sys.stderr = (
            os.fdopen(n, mode, closefd=False) for n, mode in enumerate("rww")
        )
        _forget(cwd, env)
        sys.argv = [module, *words]
        runpy.run_module(module, run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as end:
        code = end.code
    except BaseException:
        traceback.print_exc()
    finally:
        # As Python does when a program ends.
        if code is not None and not isinstance(code, int):
            print(code, file=sys.stderr)
            code = 1
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code or 0)


def _forget(cwd: Path, env: dict[str, str]) -> None:
    """Leaves nothing of the tests but imported libraries."""
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    for name in [name for name in sys.modules if name.partition(".")[0] in OWN]:
        del sys.modules[name]
    ours = {str(ROOT), str(ROOT / "plugins"), str(ROOT / "tests"), ""}
    given = [folder for folder in env.get("PYTHONPATH", "").split(os.pathsep) if folder]
    sys.path[:] = [str(cwd), *given, *(folder for folder in sys.path if folder not in ours)]
    sys.meta_path[:] = [
        finder for finder in sys.meta_path if not type(finder).__module__.startswith("_pytest")
    ]
    sys.path_importer_cache.clear()
    logging.root.handlers.clear()
    warnings.resetwarnings()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
