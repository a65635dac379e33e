"""The user's privacy rules: their file's form, the rules it begins with, and how it is read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from python_core.config.layers import read_document
from python_core.config.migrations import SCHEMA_VERSION
from python_core.config.rule_defaults import (
    PASSWORD_PROGRAMS,
    PASSWORD_SITES,
    PASSWORD_WORDS,
    PRIVATE_WINDOW_ENDINGS,
)
from python_core.config.setting_types import SchemaVersion
from python_core.errors import Detail, SettingsInvalid
from python_core.utils.atomic_json import invalid_file, seed_json
from python_core.utils.config_path_resolver import Paths, resolve_paths

FILE_NAME = "privacy-rules.json"
RULES_AT_MOST, ENTRIES_AT_MOST = 200, 1_000

_END = r"$(?!\n)"
_Words = Annotated[str, Meta(min_length=1, max_length=300)]
_Name = Annotated[str, Meta(pattern=rf"^[a-z][a-z0-9_-]{{0,39}}{_END}")]
_Site = Annotated[str, Meta(pattern=rf"^[a-z0-9_-]+(\.[a-z0-9_-]+)*{_END}", max_length=253)]
_SET = r"\[[A-Za-z0-9 _.,:;/+=@#%&!~-]{1,64}\](\{[0-9]{1,2}(,[0-9]{1,2})?\})?"
_Pattern = Annotated[
    str,
    Meta(
        pattern=rf"^([^*\\\[\]{{}}\n\r]|\\[^\n\r]|{_SET})+\*?{_END}",
        max_length=200,
        description="Whole words, whatever the case. `[0-9]{6,8}`: so many of a set. A closing `*`: the rest of the word. "
        "`\\` before a sign that is meant as itself.",
    ),
]
SecretKind = Literal[
    "private-key", "aws-key", "github-token", "gitlab-token", "slack-token", "stripe-key", "google-key", "ai-key",
    "package-token", "age-key", "smrthub-token", "jwt", "password-assignment", "authorization-header", "url-password",
    "url-token", "card-number", "iban", "one-time-code",
]  # fmt: skip


def _listed(entry: Any, help_: str) -> Any:
    return Annotated[tuple[entry, ...], Meta(max_length=ENTRIES_AT_MOST, description=help_)]


class Conditions(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True, omit_defaults=True):
    """What a rule is about: it concerns whatever one of these fits."""

    apps: _listed(_Words, "Programs a copy is made in, by their whole names, of any system: `KeePassXC`.") = ()  # type: ignore[valid-type]
    window_titles: _listed(  # type: ignore[valid-type]
        _Words, "Windows a copy is made in: words in the title; with `*` for anything, the whole title."
    ) = ()
    page_titles: _listed(_Words, "Titles of web pages, as for windows.") = ()  # type: ignore[valid-type]
    sites: _listed(_Site, "Sites, each with its subdomains: `bank.example`.") = ()  # type: ignore[valid-type]
    urls: _listed(_Words, "Whole addresses, with `*` for anything: `intranet.example/hr/*`.") = ()  # type: ignore[valid-type]
    contents: _listed(_Pattern, "What stands in a text, title, address or path.") = ()  # type: ignore[valid-type]
    secrets: _listed(SecretKind, "Kinds of secrets, found by their form.") = ()  # type: ignore[valid-type]


class PrivacyRule(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """One rule: `drop` keeps the whole out, `redact` takes out what `contents` or `secrets` found, `mark` only names the rule."""

    name: _Name
    action: Literal["drop", "redact", "mark"]
    enabled: bool = True
    on: Conditions


class PrivacyRules(Struct, frozen=True, kw_only=True, rename="camel"):
    """The rules, in their order."""

    schema_version: SchemaVersion = SCHEMA_VERSION
    rules: Annotated[tuple[PrivacyRule, ...], Meta(max_length=RULES_AT_MOST)] = ()


def default_rules() -> PrivacyRules:
    """Build the rules that a new file holds."""
    tokens: tuple[SecretKind, ...] = (
        *(
            "private-key",
            "aws-key",
            "github-token",
            "gitlab-token",
            "slack-token",
            "stripe-key",
            "google-key",
            "ai-key",
        ),
        *("package-token", "age-key", "smrthub-token", "jwt", "authorization-header", "url-password", "url-token"),
    )
    own = ("SmrtHub", "HubWindow", "SmrtHub.HubWindow", "ClipboardMonitor", "TriggerManager", "SettingsHost")
    services = ("SmrtHubSupervisor", "MouseHookPipe", "Smrt.Web.Host")
    private = tuple(f"*{ending}" for ending in PRIVATE_WINDOW_ENDINGS)
    return PrivacyRules(
        rules=(
            PrivacyRule(
                name="password_manager",
                action="drop",
                on=Conditions(apps=PASSWORD_PROGRAMS, window_titles=PASSWORD_WORDS, sites=PASSWORD_SITES),
            ),
            PrivacyRule(name="private_window", action="drop", on=Conditions(window_titles=private)),
            PrivacyRule(
                name="smrthub", action="drop", on=Conditions(apps=(*own, *services), window_titles=("HubWindow",))
            ),
            PrivacyRule(name="keys_and_tokens", action="redact", on=Conditions(secrets=tokens)),
            PrivacyRule(name="passwords", action="redact", on=Conditions(secrets=("password-assignment",))),
            PrivacyRule(name="cards", action="redact", on=Conditions(secrets=("card-number",))),
            PrivacyRule(name="one_time_codes", action="redact", on=Conditions(secrets=("one-time-code",))),
            PrivacyRule(name="bank_accounts", action="mark", enabled=False, on=Conditions(secrets=("iban",))),
        )
    )


def rules_path(paths: Paths | None = None, environ: Mapping[str, str] | None = None) -> Path:
    """Name the file of the rules."""
    return (paths or resolve_paths(environ)).config() / FILE_NAME


def load_or_seed_privacy_rules(paths: Paths | None = None, environ: Mapping[str, str] | None = None) -> PrivacyRules:
    """Read the rules, writing the file with the defaults first where there is none.

    :raises SettingsInvalid: as ``read_privacy_rules``.
    """
    path = rules_path(paths, environ)
    try:
        seed_json(path, msgspec.to_builtins(default_rules()))
    except OSError as error:
        raise SettingsInvalid(f"{path} is not there and cannot be written: {error.strerror}.") from None
    return read_privacy_rules(path)


def read_privacy_rules(path: Path) -> PrivacyRules:
    """Read a file of rules, which is never changed.

    :raises SettingsInvalid: it is not there, or damaged, or holds what no rule has: a misspelt condition must not pass for none.
    """
    try:
        document = read_document(path)
    except FileNotFoundError:
        raise invalid_file(path, "is not there") from None
    rules, faults = rules_of(document)
    if faults:
        cause = "; ".join(f"{fault.at}: {fault.message}" for fault in faults[:5])
        raise invalid_file(path, cause, details=faults)
    return rules


def rules_of(document: Mapping[str, Any]) -> tuple[PrivacyRules, list[Detail]]:
    """Read what a file holds, or would hold: the rules, and every fault in them."""
    faults = _unknown_at_root(document)
    rules = [_rule_of(raw, f"/rules/{n}", faults) for n, raw in enumerate(_listed_rules(document, faults))]
    found = tuple(rule for rule in rules if rule is not None)
    names = [rule.name for rule in found]
    faults += [
        Detail("/rules", f"the name {name} stands twice") for name in sorted({n for n in names if names.count(n) > 1})
    ]
    return PrivacyRules(rules=found), faults


def _unknown_at_root(document: Mapping[str, Any]) -> list[Detail]:
    known = ("schemaVersion", "$schema", "rules")
    return [Detail(f"/{key}", "is not known here") for key in document if key not in known]


def _listed_rules(document: Mapping[str, Any], faults: list[Detail]) -> list[Any]:
    rules = document.get("rules")
    if isinstance(rules, list) and len(rules) <= RULES_AT_MOST:
        return rules
    faults.append(Detail("/rules", f"must be a list of at most {RULES_AT_MOST} rules"))
    return []


def _rule_of(raw: Any, pointer: str, faults: list[Detail]) -> PrivacyRule | None:
    try:
        rule = msgspec.convert(raw, PrivacyRule)
    except msgspec.ValidationError as error:
        # msgspec tells the place in its message: "Object contains unknown field `x` - at `$.on`".
        message, _, place = str(error).partition(" - at `$")
        where = re.sub(r"\[(\d+)\]", r"/\1", place.rstrip("`")).replace(".", "/")
        faults.append(Detail(pointer + where, message[0].lower() + message[1:]))
        return None
    in_texts = bool(rule.on.contents or rule.on.secrets)
    placed = any((rule.on.apps, rule.on.window_titles, rule.on.page_titles, rule.on.sites, rule.on.urls))
    if not in_texts and not placed:
        faults.append(Detail(f"{pointer}/on", "names nothing"))
    if rule.action == "redact" and (placed or not in_texts):
        faults.append(
            Detail(f"{pointer}/on", "redact takes contents and secrets only: there is nothing else to take out")
        )
    for n, text in enumerate(rule.on.contents):
        if not _is_sound(text):
            faults.append(Detail(f"{pointer}/on/contents/{n}", "has a set or a repeat that cannot be"))
    return rule


def _is_sound(pattern: str) -> bool:
    """Say whether a pattern's ranges and repeats go upwards and at least one character is asked for."""
    bare = re.sub(r"\\.", "", pattern)
    ranges = [pair for found in re.finditer(r"\[([^\]]+)\]", bare) for pair in re.findall(r"(.)-(.)", found[1])]
    repeats = [(int(least), int(most or least)) for least, most in re.findall(r"\]\{(\d+)(?:,(\d+))?\}", bare)]
    return all(low <= high for low, high in ranges) and all(1 <= least <= most <= 64 for least, most in repeats)
