"""Start the hub from a clone: make ``.venv`` when needed, then become ``python -m python_core``."""

import argparse
import os
import signal
import subprocess
import sys
from pathlib import Path

import python_version

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """Set up, then hand over; 1 when the setup failed, else what the hub ends with."""
    options = parse(sys.argv[1:])
    import setup_venv

    command = [str(setup_venv.venv_python(ROOT)), "-P", "-m", "python_core", *options.hub]
    try:
        if options.dry_run:
            print("\n".join([*setup_venv.plan(ROOT, "run"), "start " + " ".join(command)]))
            return 0
        setup_venv.make_ready(ROOT, "run", say)
    except (setup_venv.SetupFailed, OSError) as failure:
        print(failure, file=sys.stderr)
        return 1
    return hand_over(command)


def parse(arguments: "list[str]") -> argparse.Namespace:
    """Read the command line; what stands after ``--`` is the hub's."""
    parser = argparse.ArgumentParser(
        prog="Tools/run.py",
        description="Start SmrtHub: make .venv with the pinned packages when needed, then start the hub. "
        "Ctrl-C ends it.",
        epilog="Arguments after -- go to the hub: python3 Tools/run.py -- --help",
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would be done and change nothing")
    parser.add_argument("hub", nargs="*", metavar="-- ARGUMENT", help="handed to the hub")
    return parser.parse_args(arguments)


def say(line: str) -> None:
    """Print progress at once, also into a pipe."""
    print(line, file=sys.stderr, flush=True)


def hand_over(command: "list[str]", can_replace: bool = os.name != "nt") -> int:
    """Become the command; where the system cannot (Windows), run it and pass signals on.

    Ctrl-C reaches the child by itself, since it shares the console; this process only has to outlive it.
    """
    os.environ.pop("PYTHONHOME", None)
    sys.stdout.flush()
    sys.stderr.flush()
    if can_replace:
        os.execv(command[0], command)  # noqa: S606
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "SIGBREAK"):
        signal.signal(signal.SIGBREAK, signal.SIG_IGN)
    with subprocess.Popen(command) as hub:
        signal.signal(signal.SIGTERM, lambda *_: hub.terminate())
        return hub.wait()


if __name__ == "__main__":
    try:
        python_version.need_supported_python()
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
