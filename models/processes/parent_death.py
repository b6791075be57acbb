"""Child processes that end when the process that started them ends, however that ended.

A killed parent (`kill -9`, out of memory) cannot stop its children, and a training or a broker left
behind would go on unnoticed. So each child asks the kernel, before it becomes its program, to be
sent a signal at its parent's death (Linux, `PR_SET_PDEATHSIG`); no other process has to watch.
`python -m models.processes.parent_death` does that and then *becomes* the command, so the child's
pid, pipes and exit status are the command's own. A `preexec_fn` would be shorter, but it runs
Python between fork and exec, which can deadlock in a process with threads.

**The kernel means the parent *thread*: start such a child from a thread that outlives it.**
On systems other than Linux a child outlives a killed parent; orderly ends are handled everywhere.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Sequence

_PR_SET_PDEATHSIG = 1


def bound(command: Sequence[str], sent: signal.Signals = signal.SIGKILL) -> list[str]:
    """A command line that runs `command` and sends it `sent` when the caller's thread ends."""
    runner = [sys.executable, "-m", "models.processes.parent_death"]
    return [*runner, str(int(sent)), str(os.getpid()), *command]


def end_with_parent(sent: signal.Signals, parent: int) -> None:
    """Have this process sent `sent` when `parent` (its parent's pid) ends.

    Ends this process at once when the parent has ended already.
    """
    if not sys.platform.startswith("linux"):
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, ctypes.c_ulong(sent), 0, 0, 0) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:
        sys.exit("the process that started this one is gone")


def main(arguments: Sequence[str]) -> None:
    sent, parent, program, *rest = arguments
    end_with_parent(signal.Signals(int(sent)), int(parent))
    os.execvp(program, [program, *rest])


if __name__ == "__main__":
    main(sys.argv[1:])
