"""The names that the rules of a new file hold: password managers, and what browsers write over private windows."""

from __future__ import annotations

from typing import Final

PASSWORD_PROGRAMS: Final = (
    "1Password", "1Password 7", "com.1password.1password", "com.agilebits.onepassword7",
    "Bitwarden", "com.bitwarden.desktop", "Dashlane", "LastPass", "NordPass", "Strongbox",
    "KeePass", "KeePass2", "KeePassX", "KeePassXC", "org.keepassxc.KeePassXC", "KeeWeb", "MacPass",
    "Enpass", "in.sinew.Enpass-Desktop", "Proton Pass", "ProtonPass", "me.proton.Pass", "RoboForm",
    "Keeper Password Manager", "keeperpasswordmanager", "Password Safe", "pwsafe", "QtPass",
    "Passwords", "com.apple.Passwords", "Keychain Access", "com.apple.keychainaccess",
    "Buttercup", "seahorse", "gnome-passwordsafe", "org.gnome.World.Secrets",
    "kwalletmanager", "kwalletmanager5",
)  # fmt: skip
PASSWORD_WORDS: Final = (
    "1Password", "Bitwarden", "Dashlane", "LastPass", "NordPass", "KeePass", "KeePassX", "KeePassXC",
    "KeeWeb", "Enpass", "Proton Pass", "RoboForm", "Keeper Password Manager",
)  # fmt: skip
#: Where vaults are open in a browser; the makers' other pages are not kept out.
PASSWORD_SITES: Final = (
    "vault.bitwarden.com", "vault.bitwarden.eu", "my.1password.com", "my.1password.eu", "my.1password.ca", "app.dashlane.com",
    "app.nordpass.com", "pass.proton.me", "passwords.google.com", "keepersecurity.com", "app.enpass.io",
)  # fmt: skip
# What browsers themselves write behind the title of a page in a private window. In English: what they write
# in other languages is not known here, and there the operating system's own mark and the extension's
# ``incognito`` must do. A clip from such a window is joined to no page, whatever the rules say.
PRIVATE_WINDOW_ENDINGS: Final = (
    "[InPrivate] - Microsoft Edge", "Microsoft Edge (InPrivate)", "[InPrivate]", "(Incognito)", "(Private)",
    "(Private Browsing)", "— Private Browsing", "Mozilla Firefox Private Browsing",
    "Firefox Developer Edition Private Browsing", "Nightly Private Browsing", "Tor Browser",
)  # fmt: skip
