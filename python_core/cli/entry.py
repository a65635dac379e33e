"""The command ``smrthub``: its subcommands, their grouping in the help, and exit codes.

0 done · 1 refused or failed · 2 usage · 3 the hub does not run · 78 settings.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from typing import Any

import click

from python_core import __version__
from python_core.cli.audit import audit
from python_core.cli.bundle import bundle
from python_core.cli.capture import pause, resume
from python_core.cli.clients import pair, token
from python_core.cli.clipboard import clip
from python_core.cli.config import config
from python_core.cli.confirmation import confirm
from python_core.cli.context import context
from python_core.cli.doctor import doctor
from python_core.cli.events import events
from python_core.cli.forgetting import forget
from python_core.cli.hosting import serve, stop
from python_core.cli.keeping import export, import_
from python_core.cli.logs import logs
from python_core.cli.options import Failed, json_option
from python_core.cli.retention import retention
from python_core.cli.rules import rules
from python_core.cli.search import search
from python_core.cli.service import service
from python_core.cli.status import status
from python_core.cli.structured_output import output
from python_core.cli.terminal import say, say_json
from python_core.cli.triggers import trigger
from python_core.errors import HubError


class SmrtHub(click.Group):
    """The group of all commands: shows them by what they are for, and turns findings into exit codes."""

    def __init__(self, *args: Any, **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.sections: dict[str, list[str]] = {}

    def add_section(self, title: str, *commands: click.Command) -> None:
        """Add commands that stand together in the help."""
        for command in commands:
            self.add_command(command)
        self.sections[title] = [command.name or "" for command in commands]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands by section, with one width for all names."""
        widest = max(len(name) for name in self.commands)
        for title, names in self.sections.items():
            with formatter.section(title):
                texts = [self.commands[name].get_short_help_str(formatter.width - widest - 6) for name in names]
                formatter.write_dl([(name.ljust(widest), text) for name, text in zip(names, texts, strict=True)])

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was asked for."""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")  # a pipe on Windows takes few characters
        if os.environ.get("NO_COLOR"):
            ctx.color = False  # https://no-color.org: rich obeys it by itself, click does not
        try:
            return super().invoke(ctx)
        except OSError as fault:
            if fault.errno == errno.EPIPE:  # who reads has seen enough: click ends quietly
                raise
            _drop_what_waits()
            what = f"{fault.filename}: " if fault.filename else ""
            raise Failed(
                HubError(f"The system refuses this: {what}{fault.strerror or type(fault).__name__}.")
            ) from None
        except HubError as finding:
            raise Failed(finding) from None


def _drop_what_waits() -> None:
    """Let what could not be written to stdout go nowhere: Python would try it again at the end, and fail loudly."""
    with contextlib.suppress(OSError, ValueError), open(os.devnull, "wb") as nowhere:  # noqa: PTH123
        os.dup2(nowhere.fileno(), sys.stdout.fileno())


@click.group(
    cls=SmrtHub,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, message="smrthub %(version)s")
@click.pass_context
def main(ctx: click.Context) -> None:
    """The hub that remembers, with its source, what you copy and read."""
    if ctx.invoked_subcommand is None:
        say(ctx.get_help())


@click.command()
@json_option
def version(as_json: bool) -> None:
    """Say which version this is."""
    if as_json:
        say_json({"version": __version__})
    else:
        say(f"smrthub {__version__}")


main.add_section("The hub", serve, stop, status, service, logs, pause, resume)
main.add_section("What was captured", search, context, clip, events, forget)
main.add_section("What is kept", export, import_, retention)
main.add_section("When something is wrong", doctor, bundle)
main.add_section("What is made of it", trigger, output)
main.add_section("Access and settings", pair, confirm, token, audit, rules, config, version)
