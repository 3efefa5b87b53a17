"""What processes of our own have in common: no secrets in the environment, limits, an end with the parent."""

import ctypes
import os
import resource
import signal

# What they need of this process' environment; all else may be a secret.
KEPT = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX")
PR_SET_PDEATHSIG = 1


def environment(*more: str, **settings: str) -> dict[str, str]:
    """The environment of such a process: what any needs of this one's, `more` by name, and `settings`."""
    return {name: os.environ[name] for name in (*KEPT, *more) if name in os.environ} | settings


def confine(parent: int, limits: dict[int, int]) -> bool:
    """Has this process end with `parent`, keep limits (of resource.setrlimit) and leave no core file.

    False when the parent has ended already.
    """
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before that was asked for
        return False
    for limit, most in (limits | {resource.RLIMIT_CORE: 0}).items():
        # Of processor time the lower limit ends it with a signal of its own; the upper one looks like a kill.
        resource.setrlimit(limit, (most, most + (limit == resource.RLIMIT_CPU)))
    return True
