"""Deploy the hub from a clone: make ``.venv`` when needed, then have the system start the hub and keep it running."""

import argparse
import subprocess
import sys
from pathlib import Path

import python_version

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """Set up, then make the hub a service of this user; 1 when the setup failed, else what ``smrthub service`` ends with."""
    options = parse(sys.argv[1:])
    import setup_venv

    act = "uninstall" if options.remove else "install"
    command = [str(setup_venv.venv_python(ROOT)), "-P", "-m", "python_core.cli", "service", act]
    try:
        if options.dry_run:
            print("\n".join([*setup_venv.plan(ROOT, "run"), "run " + " ".join(command)]))
            return 0
        setup_venv.make_ready(ROOT, "run", lambda line: print(line, file=sys.stderr, flush=True))
    except (setup_venv.SetupFailed, OSError) as failure:
        print(failure, file=sys.stderr)
        return 1
    return subprocess.run(command, check=False).returncode


def parse(arguments: "list[str]") -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="Tools/deploy.py",
        description="Have the system start the hub, bridge and web listener, when you log in, and keep it running: make .venv "
        "with the pinned packages when needed, then run smrthub service install.",
        epilog="After an update of the clone run it again. smrthub service install --dry-run shows the service's file.",
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would be done and change nothing")
    parser.add_argument("--remove", action="store_true", help="end the service and take it out; what is stored stays")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    try:
        python_version.need_supported_python()
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
