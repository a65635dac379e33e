"""Check everything from a clone: make ``.venv`` when needed, then lint, types, tests, documentation."""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import python_version

ROOT = Path(__file__).resolve().parent.parent
PLATFORMS = ("linux", "darwin", "win32")


def main() -> int:
    """Run every step whatever the others say; 0 when all are ok, 1 when one is not."""
    options = parse(sys.argv[1:])
    import setup_venv

    with tempfile.TemporaryDirectory(prefix="smrthub-site-") as site:
        steps = list_steps(str(setup_venv.venv_python(ROOT)), site, options)
        try:
            if options.dry_run:
                tell_plan(setup_venv.plan(ROOT, "test"), steps, options)
                return 0
            setup_venv.make_ready(ROOT, "test", say)
        except (setup_venv.SetupFailed, OSError) as failure:
            print(failure, file=sys.stderr)
            return 1
        if not options.no_browser:
            need_chromium()
        return run_steps(steps, options)


def parse(arguments: "list[str]") -> argparse.Namespace:
    """Read the command line and ``SMRTHUB_NO_BROWSER``; what stands after ``--`` is pytest's."""
    parser = argparse.ArgumentParser(
        prog="Tools/test.py",
        description="Check everything: make .venv with the pinned packages when needed, then ruff, mypy for "
        "each system, pytest with the browser tests, and the documentation. No step stops the others.",
        epilog="Arguments after -- go to pytest: python3 Tools/test.py -- -k net",
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would be done and change nothing")
    parser.add_argument(
        "--fast", action="store_true", help="leave out the tests in a browser, of the whole hub and of setups"
    )
    parser.add_argument(
        "--no-browser",
        action="store_true",
        help="leave out the tests in a browser (or set SMRTHUB_NO_BROWSER=1)",
    )
    parser.add_argument("pytest", nargs="*", metavar="-- ARGUMENT", help="handed to pytest")
    options = parser.parse_args(arguments)
    options.no_browser = options.no_browser or options.fast or os.environ.get("SMRTHUB_NO_BROWSER", "") not in ("", "0")
    return options


def list_steps(python: str, site: str, options: argparse.Namespace) -> "dict[str, list[str]]":
    """Name each step and its command."""
    module = [python, "-m"]
    left_out = ["--ignore=tests/browser"] if options.no_browser else []
    left_out += ["--ignore=tests/whole", "--ignore=tests/tools/test_run.py"] if options.fast else []
    types = {
        f"types on {platform}": [
            *module,
            "mypy",
            "--platform",
            platform,
            "--cache-dir",
            f".mypy_cache/{platform}",
        ]
        for platform in PLATFORMS
    }
    return {
        "lint": [*module, "ruff", "check", "."],
        "format": [*module, "ruff", "format", "--check", "."],
        **types,
        "tests": [*module, "pytest", *left_out, *options.pytest],
        "docs": [*module, "mkdocs", "build", "--strict", "--quiet", "--site-dir", site],
    }


def tell_plan(setup: "list[str]", steps: "dict[str, list[str]]", options: argparse.Namespace) -> None:
    """Print what would be done."""
    import chromium

    print("\n".join(setup))
    if not options.no_browser and not chromium.find_chromium():
        print("install chromium with apt-get" if chromium.may_install() else chromium.HOW_TO_INSTALL)
    for name, command in steps.items():
        print(f"{name}: {' '.join(command)}")


def need_chromium() -> None:
    """Have a browser for the tests where that is ours to do; without one they fail and say how to get it."""
    import chromium

    if not chromium.find_chromium() and not chromium.install_chromium(say):
        say(chromium.HOW_TO_INSTALL)


def run_steps(steps: "dict[str, list[str]]", options: argparse.Namespace) -> int:
    """Run the steps one after the other, then print a line for each and the verdict."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONHOME"}
    lines, failed = [], []
    for name, command in steps.items():
        say(f"\n=== {name} ===")
        started = time.monotonic()
        code = subprocess.call(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL)
        if code != 0:
            failed.append(name)
        lines.append(f"  {'ok' if code == 0 else 'FAILED':8}{name:18}{time.monotonic() - started:7.1f} s")
    say("\n" + "\n".join(lines))
    if options.fast:
        say("  LEFT OUT tests/browser, tests/whole, tests/tools/test_run.py")
    elif options.no_browser:
        say("  LEFT OUT tests/browser")
    say(f"failed: {', '.join(failed)}" if failed else "ok")
    return 1 if failed else 0


def say(line: str) -> None:
    """Print at once, in order with what the steps print."""
    print(line, flush=True)


if __name__ == "__main__":
    try:
        python_version.need_supported_python()
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
