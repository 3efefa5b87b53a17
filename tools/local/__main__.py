"""Commands of the local stack: `python -m tools.local <command>`, which the Makefile calls."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from typing import NoReturn


def _interrupted(*_: object) -> NoReturn:
    # Once is enough: what follows is the orderly end, which a second Ctrl-C must not break.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    with suppress(OSError):  # after a hang-up there is no terminal to write to
        os.write(2, b"\nStopping everything that was started here ...\n")
    raise KeyboardInterrupt


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupted)
    try:
        from tools.local.commands import INTERRUPTED, main

        code = main(sys.argv[1:])
        if code == INTERRUPTED:
            raise KeyboardInterrupt
        sys.exit(code)
    except KeyboardInterrupt:
        with suppress(OSError):
            os.write(2, b"Interrupted; nothing that was started here is left running.\n")
        sys.exit(130)
