"""Name the programs and windows that are no clipboard source: password managers, private ones, ourselves."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

import msgspec

from python_core.smrtdetect.plain_names import plain_app, plain_title


class ExclusionRule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule: programs by their whole name, windows by a keyword in the title or by what the title ends in.

    Case does not matter. A keyword matches whole words only: ``Enpass`` is not found in ``Penpassage``.
    """

    name: str
    apps: tuple[str, ...] = ()
    window_keywords: tuple[str, ...] = ()
    window_endings: tuple[str, ...] = ()


# What browsers themselves write behind the title of a page in a private window. In English: what they write
# in other languages is not known here, and there the operating system's own mark and the extension's
# ``incognito`` must do.
PRIVATE_WINDOW_ENDINGS: Final = (
    "[InPrivate] - Microsoft Edge",
    "Microsoft Edge (InPrivate)",
    "[InPrivate]",
    "(Incognito)",
    "(Private)",
    "(Private Browsing)",
    "— Private Browsing",
    "Mozilla Firefox Private Browsing",
    "Firefox Developer Edition Private Browsing",
    "Nightly Private Browsing",
    "Tor Browser",
)
DEFAULT_RULES: Final = (
    ExclusionRule(
        name="password_manager",
        apps=(
            "1Password", "1Password 7", "com.1password.1password", "com.agilebits.onepassword7",
            "Bitwarden", "com.bitwarden.desktop", "Dashlane", "LastPass", "NordPass", "Strongbox",
            "KeePass", "KeePass2", "KeePassX", "KeePassXC", "org.keepassxc.KeePassXC", "KeeWeb", "MacPass",
            "Enpass", "in.sinew.Enpass-Desktop", "Proton Pass", "ProtonPass", "me.proton.Pass", "RoboForm",
            "Keeper Password Manager", "keeperpasswordmanager", "Password Safe", "pwsafe", "QtPass",
            "Passwords", "com.apple.Passwords", "Keychain Access", "com.apple.keychainaccess",
            "Buttercup", "seahorse", "gnome-passwordsafe", "org.gnome.World.Secrets",
            "kwalletmanager", "kwalletmanager5",
        ),
        window_keywords=(
            "1Password", "Bitwarden", "Dashlane", "LastPass", "NordPass", "KeePass", "KeePassX", "KeePassXC",
            "KeeWeb", "Enpass", "Proton Pass", "RoboForm", "Keeper Password Manager",
        ),
    ),
    ExclusionRule(name="private_window", window_endings=PRIVATE_WINDOW_ENDINGS),
    ExclusionRule(
        name="smrthub",
        apps=(
            "SmrtHub", "HubWindow", "SmrtHub.HubWindow", "ClipboardMonitor", "TriggerManager", "SettingsHost",
            "SmrtHubSupervisor", "MouseHookPipe", "Smrt.Web.Host",
        ),
        window_keywords=("HubWindow",),
    ),
)  # fmt: skip


def is_excluded_app(name: str | None, rules: tuple[ExclusionRule, ...] = DEFAULT_RULES) -> str | None:
    """Return the name of the first rule that keeps this program out, or ``None``."""
    if not name:
        return None
    return _apps(rules).get(plain_app(name))


def is_excluded_window(title: str | None, rules: tuple[ExclusionRule, ...] = DEFAULT_RULES) -> str | None:
    """Return the name of the first rule that keeps a window of this title out, or ``None``."""
    if not title:
        return None
    plain = plain_title(title)
    for name, keywords, endings in _windows(rules):
        if plain.endswith(endings) or (keywords is not None and keywords.search(plain)):
            return name
    return None


@lru_cache(maxsize=8)
def _apps(rules: tuple[ExclusionRule, ...]) -> dict[str, str]:
    return {plain_app(app): rule.name for rule in reversed(rules) for app in rule.apps}


@lru_cache(maxsize=8)
def _windows(
    rules: tuple[ExclusionRule, ...],
) -> tuple[tuple[str, re.Pattern[str] | None, tuple[str, ...]], ...]:
    compiled = []
    for rule in rules:
        words = "|".join(re.escape(plain) for word in rule.window_keywords if (plain := plain_title(word)))
        keywords = re.compile(rf"(?<!\w)(?:{words})(?!\w)") if words else None
        endings = tuple(plain for ending in rule.window_endings if (plain := plain_title(ending)))
        compiled.append((rule.name, keywords, endings))
    return tuple(compiled)
