"""Tell which browser a program's name means."""

from __future__ import annotations

import re
from typing import Final

from python_core.smrtdetect.plain_names import plain_app

# Process names, bundle and package ids and display names of Windows, macOS and Linux. Chrome and Chromium are
# one family, because an extension cannot always tell in which of the two it runs.
_NAMES: Final = {
    "chrome": "chrome google-chrome com.google.chrome chromium chromium-browser org.chromium.chromium",
    "firefox": "firefox mozilla-firefox org.mozilla.firefox firefoxdeveloperedition",
    "edge": "edge msedge microsoft-edge microsoftedge com.microsoft.edge com.microsoft.edgemac",
    "brave": "brave brave-browser com.brave.browser",
    "opera": "opera opera-gx com.operasoftware.opera com.operasoftware.operagx",
    "vivaldi": "vivaldi vivaldi-bin com.vivaldi.vivaldi",
    "safari": "safari com.apple.safari com.apple.safaritechnologypreview",
    "arc": "arc company.thebrowser.browser",
    "orion": "orion com.kagi.kagimacos",
    "duckduckgo": "duckduckgo com.duckduckgo.macos.browser",
    "epiphany": "epiphany org.gnome.epiphany",
    "librewolf": "librewolf io.gitlab.librewolf-community",
    "waterfox": "waterfox net.waterfox.waterfox",
    "zen": "zen zen-browser app.zen_browser.zen",
    "floorp": "floorp one.ablaze.floorp",
    "tor": "tor-browser torbrowser org.torproject.torbrowser-launcher",
}
_FAMILY_OF: Final = {name: family for family, names in _NAMES.items() for name in names.split()}
# As in firefox-esr, Google Chrome Canary, com.google.Chrome.beta, Firefox (64-bit), Chrome 120.0.1.
_CHANNEL = re.compile(
    r"[-. ](?:stable|beta|dev|unstable|canary|nightly|esr|snapshot|developer.edition|technology.preview"
    r"|\(?[\d.]{1,20}(?:-bit)?\)?)$"
)


def browser_family(name: str | None) -> str | None:
    """Return the browser's family (``chrome``, ``firefox``, …), or ``None`` for any other program."""
    if not name:
        return None
    plain = plain_app(name)
    family = _FAMILY_OF.get(plain.replace(" ", "-"))
    if family is None:
        family = _FAMILY_OF.get(_CHANNEL.sub("", plain).replace(" ", "-"))
    return family
