"""Tells people what the probe finds broken: at once, again each day, and when it is over.

The host or Compose runs `python -m cchc.flow.alarm --memory FILE` every few minutes: it needs neither a task
nor a running part of Airflow, only the connections of the environment. What is late stands in the digest.
"""

import html
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from cchc.errors import CchcError
from cchc.private_file import write_private
from cchc.shown import in_table

# What python -m cchc probe ends with, and what nobody could be told.
FINE, BROKEN, NOT_TOLD = 0, 2, 3
AGAIN = timedelta(days=1)
PROBE_S = 150
FAILED = "BROKEN tham_do: the probe {} (docs/runbook.md#the-probe-itself-fails)"
_LINE = re.compile(r"BROKEN (\S+): ")


@dataclass(frozen=True)
class News:
    """What is broken, in lines; which of it was not told within a day; which codes are so no more."""

    broken: dict[str, str]
    new: list[str]
    over: list[str]

    @property
    def subject(self) -> str:
        parts = [
            f"{len(self.broken)} broken" if self.broken else "",
            f"{len(self.over)} over" * bool(self.over),
        ]
        return f"[CCHC] Probe: {', '.join(filter(None, parts))}"

    @property
    def text(self) -> str:
        known = [code for code in self.broken if code not in self.new]
        lines = [self.broken[code] for code in self.new]
        lines += [f"{self.broken[code]} [told before]" for code in known]
        return "\n".join([*lines, *(f"over   {code}" for code in self.over)])


def probe() -> tuple[int, list[str]]:
    """Exit code and lines of `python -m cchc probe --parts`, run in a process of its own."""
    words = [sys.executable, "-m", "cchc", "probe", "--parts"]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=PROBE_S, check=False)
    except subprocess.TimeoutExpired:
        return BROKEN, [FAILED.format(f"took more than {PROBE_S} seconds")]
    if done.returncode not in (FINE, BROKEN):
        # Not its words: an error's traceback may hold an address with a password.
        return BROKEN, [FAILED.format(f"ended with {done.returncode}")]
    return done.returncode, done.stdout.splitlines()


def news(lines: list[str], told: dict[str, str], now: datetime) -> News:
    """`told`: code → when it was last told, as ISO 8601."""
    broken = {found[1]: line for line in lines if (found := _LINE.match(line))}
    new = [code for code in broken if code not in told or datetime.fromisoformat(told[code]) <= now - AGAIN]
    return News(broken, new, [code for code in told if code not in broken])


def tell(found: News) -> list[str]:
    """Mails and posts; returns what could not be done. Nobody configured is one such thing."""
    # Some seconds, and a hundred megabytes: only when there is something to tell.
    from cchc.flow.telling import ALERT_ADDRESSES, WEBHOOK, addresses, mail, post, webhook  # noqa: PLC0415

    def mailed() -> bool:
        if recipients := addresses(ALERT_ADDRESSES):
            mail(recipients, found.subject, found.text, f"<pre>{html.escape(found.text)}</pre>")
        return bool(recipients)

    def posted() -> bool:
        if name := webhook():
            post(name, f"{found.subject}\n{found.text}")
        return bool(name)

    done, failed = False, []
    for way in (mailed, posted):
        try:
            done = way() or done
        except Exception as error:
            # Not others' words: a mail server may quote addresses.
            reason = str(error) if isinstance(error, CchcError) else type(error).__name__
            failed.append(f"Not {way.__name__}: {reason}")
    if not done and not failed:
        failed.append(f"Nobody is told: neither {ALERT_ADDRESSES} nor {WEBHOOK} is set.")
    return failed


def remembered(memory: Path) -> dict[str, str]:
    """What was told and when; nothing where the file is not there or is none of this kind."""
    try:
        told = json.loads(memory.read_text("utf-8"))
        return {str(code): datetime.fromisoformat(at).isoformat() for code, at in told.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


def main(
    memory: Annotated[
        Path, typer.Option(metavar="FILE", help="what was told and when; made where there is none")
    ],
) -> int:
    """Probe, and tell people what is broken: at once, again each day, and when it is over.

    Exit 0 nothing is broken, 2 something is, 3 something is and nobody could be told.
    """
    code, lines = probe()
    print("\n".join(lines), flush=True)
    now, told = datetime.now(UTC), remembered(memory)
    found = news(lines, told, now)
    if not (found.new or found.over):
        return code
    failed = tell(found)
    for words in failed:
        print(in_table(words), file=sys.stderr)
    if not failed:
        kept = {one: now.isoformat() if one in found.new else told[one] for one in found.broken}
        write_private(memory, json.dumps(kept).encode())
    return NOT_TOLD if failed else code


if __name__ == "__main__":
    # Airflow's own log, of settings that nobody asked for, would stand between the findings.
    os.environ.setdefault("AIRFLOW__LOGGING__LOGGING_LEVEL", "ERROR")
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command()(main)
    sys.exit(app(standalone_mode=False))
