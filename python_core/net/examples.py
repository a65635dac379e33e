"""One request of each kind that a reader can send as it stands: shown in ``/apidocs/`` and ``docs/api.md``, and tested."""

from __future__ import annotations

from typing import Any

#: Bodies by the handler's name.
BODIES: dict[str, Any] = {
    "post_clipboard": {
        "fragments": [{"type": "text", "content": "The sea, the sea!"}],
        "encounter": {"source": {"app": "Editor", "windowTitle": "notes.txt"}},
    },
    "patch_hub_window": {
        "window": {"visible": True},
        "indicators": {"sync": {"level": "ok", "text": "up to date"}},
    },
    "post_hub_window_command": {"command": "notify", "args": {"text": "Saved."}},
    "post_trigger": {"hotkey": "HOTKEY_SMRTSEARCH", "args": {"query": "sea", "open": False}},
    "put_output_schema": {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {"text": {"type": "string"}},
        "required": ["text"],
    },
    "post_structured_output": {"schema": "note/1", "payload": {"text": "Buy salt."}, "title": "A note"},
    "post_capture_pause": {"seconds": 600},
    "post_forget": {"site": "example.com", "dryRun": True},
    "post_rules_rehearse": {"rules": [{"name": "sea", "action": "mark", "on": {"contents": ["the sea"]}}]},
    "post_rules_apply": {},
    "post_clients": {"name": "My script", "kind": "script", "scopes": ["clipboard:read", "search:read"]},
    "post_confirmation": {"decision": "once"},
    "post_support_bundle": {"components": ["logs", "health"]},
    "post_pair": {"name": "My agent", "kind": "agent", "scopes": ["search:read", "clipboard:read"]},
    "post_pair_token": {"deviceCode": "as POST /pair answered it"},
    "post_pairing_window": {"seconds": 120},
    "post_pairing": {"decision": "approve"},
    "post_tab_info": {"url": "https://example.com/sea", "title": "The sea", "event": "activated", "focused": True},
}
