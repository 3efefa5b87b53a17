"""`python -m cchc …`: see cchc.commands."""

import signal
import sys
from typing import NoReturn

ENDING = (signal.SIGTERM, signal.SIGHUP)


def _ended(number: int, _: object) -> NoReturn:
    # Once is enough: what follows is the orderly end, which a second signal must not break.
    for each in ENDING:
        signal.signal(each, signal.SIG_IGN)
    raise SystemExit(128 + number)


if __name__ == "__main__":
    for each in ENDING:
        if signal.getsignal(each) is not signal.SIG_IGN:  # as under nohup
            signal.signal(each, _ended)

    from cchc.commands.app import main

    sys.exit(main(sys.argv[1:]))
