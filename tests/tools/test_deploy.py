"""``Tools/deploy.py`` sets a clone up and has ``smrthub service`` do the rest."""

from __future__ import annotations

from tests.tools.conftest import Clone

COMMAND = "import sys; print('command', sys.argv[1:]); sys.exit(5)"


def test_a_dry_run_says_what_would_be_done_and_changes_nothing(clone: Clone) -> None:
    before = clone.list_files()
    code, output = clone.run("deploy.py", "--dry-run")
    assert (code, "because there is none" in output) == (0, True)
    assert output.rstrip().endswith("-P -m python_core.cli service install")
    assert clone.run("deploy.py", "--dry-run", "--remove")[1].rstrip().endswith("service uninstall")
    assert clone.list_files() == before


def test_it_sets_up_and_ends_as_the_command_does(clone: Clone) -> None:
    (clone.root / "python_core" / "cli.py").write_text(COMMAND)
    code, output = clone.run("deploy.py")
    assert (code, clone.builds) == (5, 1), output
    assert output.endswith("command ['service', 'install']\n")
    assert clone.run("deploy.py", "--remove") == (5, "command ['service', 'uninstall']\n")


def test_a_failed_setup_makes_no_service(clone: Clone) -> None:
    code, output = clone.run("deploy.py", BUILD_FAILS="1")
    assert code == 1
    assert "command" not in output
