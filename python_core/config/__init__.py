"""Floor 1: what can be set, where each value comes from, and the files that hold it."""

from python_core.config.loader import (
    Explained,
    Loaded,
    explain_settings,
    load_or_seed_bridge_settings,
    load_or_seed_settings,
    load_or_seed_web_listener_settings,
    load_section,
)
from python_core.config.privacy_rules import (
    PrivacyRule,
    PrivacyRules,
    default_rules,
    load_or_seed_privacy_rules,
    read_privacy_rules,
    rules_of,
    rules_path,
)
from python_core.config.rule_defaults import PRIVATE_WINDOW_ENDINGS
from python_core.config.schema import BridgeSettings, Settings, WebListenerSettings
from python_core.config.sections import BRIDGE, SECTIONS, WEB_LISTENER

__all__ = [
    "BRIDGE",
    "PRIVATE_WINDOW_ENDINGS",
    "SECTIONS",
    "WEB_LISTENER",
    "BridgeSettings",
    "Explained",
    "Loaded",
    "PrivacyRule",
    "PrivacyRules",
    "Settings",
    "WebListenerSettings",
    "default_rules",
    "explain_settings",
    "load_or_seed_bridge_settings",
    "load_or_seed_privacy_rules",
    "load_or_seed_settings",
    "load_or_seed_web_listener_settings",
    "load_section",
    "read_privacy_rules",
    "rules_of",
    "rules_path",
]
