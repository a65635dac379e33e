"""The query parameters that only track people, as they are dropped from addresses unless the settings say otherwise."""

from __future__ import annotations

TRACKING_PARAMETERS = (
    "utm_*",
    "fbclid",
    "gclid",
    "gclsrc",
    "gbraid",
    "wbraid",
    "dclid",
    "srsltid",
    "msclkid",
    "mc_cid",
    "mc_eid",
    "igshid",
    "igsh",
    "twclid",
    "ttclid",
    "li_fat_id",
    "rdt_cid",
    "yclid",
    "_hsenc",
    "_hsmi",
    "_openstat",
    "vero_id",
    "mkt_tok",
    "oly_anon_id",
    "oly_enc_id",
    "wickedid",
    "epik",
)
