"""What of the documentation's blocks for a shell is not run as it stands there, each with its reason."""

from __future__ import annotations

#: A line that holds this is not run by tests/whole/test_documented_commands.py, and why.
LEFT_OUT = {
    "python3 Tools/run.py": "it is run by tests/tools/test_run.py, on a clone of its own",
    "python3 Tools/test.py": "it is what runs this",
    "git clone": "there is nothing to clone here",
    'export PATH="$PWD/.venv/bin': "the test has a path of its own",
    "pipx install": "it needs the network; tests/whole/test_packages.py installs the same package without",
    "smrthub-env": "it needs the network",
    "SOURCE_DATE_EPOCH": "it is run by tests/whole/test_packages.py, in a copy of the sources",
    "smrthub serve": "the test has started it",
    "smrthub service": "it would change this user's services; tests/support has them with a made-up system",
    "smrthub pair": "it waits for a browser; tests/browser pairs one",
    "with the older version": "there is none here; tests/store/test_upgrades.py opens that copy's form",
    "/wsgi.py": "it is run by tests/whole/test_hosts.py",
    "python_core.net.wsgi": "it is run by tests/whole/test_hosts.py",
    "smrthub forget --site shop.example.com": "it asks a person; first-run.md forgets with --yes",
    "smrthub retention preview": "nothing is so old here; tests/runtime/test_retention.py has what is",
    "--sign": "it takes a person's own key; tests/cli/test_bundle.py signs with one, and checks it",
    "benchmarks/": "they take minutes; tests/whole/test_benchmarks.py has short runs of them",
    "python_core.config.generate": "it writes into the sources; tests/config/test_schema.py compares what it would write",
    "tests.store.data.make_newest": "it writes into the sources; tests/store/test_upgrades.py opens what it has written",
    "uv pip compile": "it needs the network; tests/tools/test_requirements.py looks at what it has written",
    "pipx run pip-audit": "it needs the network",
    "UV_CUSTOM_COMPILE_COMMAND": "of the same",
}


def is_left_out(line: str) -> bool:
    """Say whether a line is not run; an empty one is not, either."""
    return not line or any(each in line for each in LEFT_OUT)
