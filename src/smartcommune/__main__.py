"""The program's start: ``smartcommune``, or ``python -m smartcommune``.

Imports nothing heavy itself: until the command line is loaded, an interrupt ends the process as it ends any other.
"""

from __future__ import annotations

import signal
import sys
from typing import NoReturn

from smartcommune.exit_codes import INTERRUPTED


def main() -> NoReturn:
    """Load the command line and run it; end with its exit code."""
    patient = signal.getsignal(signal.SIGINT) == signal.default_int_handler  # not so when started in the background
    if patient:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from smartcommune.cli.streams import finish_output, open_standard_streams

    open_standard_streams()
    from smartcommune.cli.main import main as run

    if patient:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        run()
    except KeyboardInterrupt:  # a second one, while the first was being told
        sys.exit(INTERRUPTED)
    finally:
        finish_output()
        if patient:
            signal.signal(signal.SIGINT, signal.SIG_DFL)


if __name__ == "__main__":
    main()
