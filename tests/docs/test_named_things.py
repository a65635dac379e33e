"""What the pages name in backticks is there: commands with their options, routes, files, settings, names of the code."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import cache

import click
import msgspec
import pytest

from python_core.cli import main as smrthub
from python_core.config import SECTIONS
from tests.docs.pages import HISTORY, PAGES, ROOT, Found, blocks, read, spans
from tests.net.documented import DECLARED

CURRENT = [page for page in PAGES if page not in HISTORY]
#: Names that are none of ours, and whose they are.
FOREIGN = {
    "getUserName": "an example of a word that is searched for",
    "user_name": "an example of a word that is searched for",
    "navigator.userAgentData": "a browser's",
    "browser.runtime.getBrowserInfo()": "a browser's",
    "browser_specific_settings.gecko.id": "Firefox's manifest",
    "EventSource": "a browser's",
    "RotatingFileHandler": "Python's",
    "part_warning": "made of part_ and the level",
    "part_degraded": "made of part_ and the level",
    "part_critical": "made of part_ and the level",
    "--workers": "gunicorn's and Granian's",
    "--timeout": "cheroot's",
    "--graceful-timeout": "gunicorn's",
    "--http1-header-read-timeout": "Granian's",
    "--no-control-socket": "gunicorn's",
    "--workers-kill-timeout": "Granian's",
    "--upgrade": "uv's",
    "--randomly-seed=N": "pytest's",
}
#: Paths that begin like a route and are none.
NO_ROUTES = {
    "/schemaVersion": "a JSON pointer",
    "//": "what a path must not hold",
    "/assets/…": "the beginning of one",
}
#: Files that a hub, a package or a tool makes: they are not in the tree.
MADE = {
    "backups/": "beside the store",
    "blobs/": "beside the store",
    "replaced/": "beside the store",
    "replaced/hub.db": "beside the store",
    "backups/hub-before-step-N.db": "beside the store",
    "Logs/python-runtime/": "the hub's logs",
    "logs/": "in a bundle",
    "config/": "in a bundle",
    "health/": "in a bundle",
    "store/": "in a bundle",
    "system/": "in a bundle",
    "review/index.html": "in a bundle",
}
#: Where a name in backticks may begin: at the root, in the package, in the folder that the page is about.
STARTS = ("", "python_core/", "python_core/net/", "python_core/config/", "extension/", "benchmarks/", "tests/*/")
#: Where the words of the code stand, by folder and kind of file.
TREE = {
    "python_core": {".py", ".json", ".html"},
    "Tools": {".py"},
    "extension": {".js", ".json", ".html"},
    "tests": {".py", ".toml"},
    "benchmarks": {".py"},
    ".vscode": {".json"},
    "": {".toml", ".yml"},
}
OPTION = re.compile(r"--[a-z][\w-]*")


def commands_in(text: str) -> Iterator[list[str]]:
    """Give the words of each call of ``smrthub`` in a line of a shell or in backticks."""
    inner = re.compile(r"\$\(([^()]*)\)")
    for line in [inner.sub("X", text), *inner.findall(text)]:
        for called in re.findall(r"(?:^|[\s/|])smrthub +([a-z][^|]*)", line):
            yield shlex.split(called.partition(" > ")[0], comments=True)


def fault_of(words: list[str]) -> str | None:
    """Say what the command cannot be called with; words in capitals stand for anything, those in brackets may be left out."""
    command: click.Command = smrthub
    rest = list(words)
    while isinstance(command, click.Group) and rest and rest[0] in command.commands:
        command = command.commands[rest.pop(0)]
    if command is smrthub:
        return f"there is no command {words[0]}"
    if isinstance(command, click.Group) and not command.invoke_without_command and rest:
        return f"there is no command {' '.join(words)}"
    try:
        command.make_context(
            command.name, [word for word in rest if not word.startswith(("[", "…"))], resilient_parsing=False
        )
    except click.MissingParameter:
        return None
    except click.BadParameter as fault:
        return None if any(word.isupper() for word in rest) or "does not exist" in str(fault) else str(fault)
    except click.UsageError as fault:
        return str(fault)
    except click.exceptions.Exit:
        return None
    return None


def lines_to_type(page: str) -> Iterator[Found]:
    """List the lines of blocks that are typed, and what stands in backticks."""
    yield from (span for span in spans(page) if not SENTENCE.search(span.text))
    for block in blocks(page):
        lines = block.text.replace("\\\n", " ").splitlines()
        if block.kind == "console":
            lines = [line[2:] for line in lines if line.startswith("$ ")]
        if block.kind in ("sh", "console"):
            yield from (block._replace(text=line) for line in lines)


@pytest.mark.parametrize("page", PAGES)
def test_every_command_can_be_called_as_it_is_written(page: str) -> None:
    calls = [(line, words) for line in lines_to_type(page) for words in commands_in(line.text)]
    assert [f"{line}: {fault}" for line, words in calls if (fault := fault_of(words))] == []


#: What follows the name in texts that are hashed for a proof, and are no commands.
PROTOCOL = frozenset({"server", "web-listener"})
#: Where a text that is printed names the program, and calls nothing.
SENTENCE = re.compile(r"^smrthub <service>|^smrthub server proof|^Nobody asked|^Cannot reach|^\S+: smrthub")


def test_what_cannot_be_called_is_told() -> None:
    for line in ("smrthub sing", "smrthub clip sing", "smrthub status --loud", "smrthub token create --kind pet"):
        [words] = commands_in(line)
        assert fault_of(words), line
    [words] = commands_in("smrthub clip get ID [N] --output FILE")
    assert fault_of(words) is None


def test_what_the_hub_and_its_extension_advise_to_run_is_there() -> None:
    """Of the words after the name the first ones are a command; the sentence may go on after them."""
    wrong = []
    for path in [*(ROOT / "python_core").rglob("*.py"), *(ROOT / "extension").rglob("*.js")]:
        for told in re.findall(r"(?<![\w/.-])smrthub ((?:--|[a-z])[\w -]*)", path.read_text("utf-8")):
            words = told.split()
            known = words[0] in PROTOCOL or words == [*{words[0]} & smrthub.commands.keys()]
            if not known and all(fault_of(words[:count]) for count in range(1, len(words) + 1)):
                wrong.append(f"{path.relative_to(ROOT)}: smrthub {told}")
    assert wrong == []


def routes() -> list[tuple[str, re.Pattern[str], set[str]]]:
    """List each route's method, its path as a pattern, and the names that may stand in its query."""
    return [
        (
            endpoint.method,
            re.compile(re.sub(r"<[^>]*>", r"[^/]+", endpoint.path)),
            {field.encode_name for field in msgspec.structs.fields(endpoint.query)} if endpoint.query else set(),
        )
        for _, endpoint in DECLARED
    ]


@pytest.mark.parametrize("page", CURRENT)
def test_every_route_is_declared_with_what_its_query_takes(page: str) -> None:
    declared, wrong = routes(), []
    for span in spans(page):
        found = re.fullmatch(r"(?:(GET|POST|PUT|PATCH|DELETE|HEAD) )?(/[^\s?]*)(?:\?(\S*))?", span.text)
        if not found or span.text in NO_ROUTES:
            continue
        method, path, query = found.groups()
        asked = set(re.findall(r"(\w+)=", query or ""))
        like = "GET" if method == "HEAD" else method
        if not any(
            like in (None, each) and pattern.fullmatch(path) and asked <= names for each, pattern, names in declared
        ):
            wrong.append(str(span))
    assert wrong == []


@pytest.mark.parametrize("page", CURRENT)
def test_every_script_is_there_and_has_the_options(page: str) -> None:
    wrong = []
    for piece in [*spans(page), *blocks(page)]:
        for script, arguments in re.findall(
            r"(?:python3?|py) ((?:Tools|benchmarks|python_core)[/\\]\S+\.py)([^|`\n]*)", piece.text
        ):
            path = ROOT / script.replace("\\", "/")
            source = path.read_text("utf-8") if path.is_file() else None
            options = OPTION.findall(arguments.partition("#")[0].partition(" -- ")[0])
            if source is None or any(f'"{option}"' not in source for option in {*options} - {"--help"}):
                wrong.append(f"{piece}: {script}{arguments}")
    assert wrong == []


@pytest.mark.parametrize("page", CURRENT)
def test_every_file_of_the_tree_is_there(page: str) -> None:
    wrong = []
    for span in spans(page):
        if not re.fullmatch(r"[\w.-]+(/[\w.<>*-]+)*/?", span.text) or not re.search(
            r"/$|/.*\.(?:py|md|js|json|jsonl|txt|html|db)$|\.py$", span.text
        ):
            continue
        pattern = re.sub(r"<[^>]*>", "*", span.text.rstrip("/"))
        if span.text not in MADE and not any(next(ROOT.glob(f"{start}{pattern}"), None) for start in STARTS):
            wrong.append(str(span))
    assert wrong == []


@cache
def words_of_the_code() -> frozenset[str]:
    """List every word that the code has, those in snake case also as JSON shows them."""
    files = [
        path
        for folder, kinds in TREE.items()
        for path in (ROOT / folder).glob("**/*" if folder else "*")
        if path.suffix in kinds and "docs" not in path.relative_to(ROOT).parts
    ]
    words = {word for path in files for word in re.findall(r"\$?[\w-]+", path.read_text("utf-8"))}
    return frozenset(words | {re.sub(r"_([a-z0-9])", lambda part: part[1].upper(), word) for word in words})


@pytest.mark.parametrize("page", CURRENT)
def test_every_name_is_one_of_the_code(page: str) -> None:
    """Settings, members, variables, options, codes, kinds, modules: what looks like a name has to stand in the code."""
    known = words_of_the_code()
    names = re.compile(
        r"--[a-z][\w-]*|[a-z]+(?:[A-Z][a-z0-9]*)+|[A-Z][a-z]+(?:[A-Z][a-z]+)+|[A-Z]+(?:_[A-Z]+)+|[a-z]+(?:_[a-z]+)+"
    )
    wrong = [
        f"{span} ({name})"
        for span in spans(page)
        if span.text not in FOREIGN and not re.search(r"[\\^+%]|://|^\.|=|\.py$|^SMRTHUB_", span.text)
        for name in names.findall(span.text)
        if name not in FOREIGN and name not in known
    ]
    assert wrong == []


def test_every_setting_that_a_variable_sets_is_one() -> None:
    variables = {setting.variable for section in SECTIONS for setting in section.settings}
    texts = "".join(piece.text + "\n" for page in CURRENT for piece in [*spans(page), *blocks(page)])
    named = set(re.findall(r"SMRTHUB_(?:BRIDGE|WEB_LISTENER)_\w+", texts))
    assert named - variables == set()


def test_what_is_not_ours_is_still_named() -> None:
    texts = "".join(piece.text + "\n" for page in CURRENT for piece in [*spans(page), *blocks(page)])
    assert [name for name in [*FOREIGN, *NO_ROUTES, *MADE] if name not in texts] == []


def test_the_routes_that_are_said_to_be_hot_are_those() -> None:
    [told] = re.findall(r"asked for all the time \(([^)]*)\)", read("docs/architecture.md"))
    named = {re.sub(r"^(?=/)", "GET ", name) for name in re.findall(r"`([^`]+)`", told)}
    assert named == {f"{endpoint.method} {endpoint.path}" for _, endpoint in DECLARED if endpoint.hot}
