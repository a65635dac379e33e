"""``/rules``: what privacy rules would do to what is stored, and have them do it."""

from __future__ import annotations

from python_core.net.endpoints import Call, Reply, Routes
from python_core.runtime import rule_review
from python_core.runtime.rule_review import Application, ApplicationPage, Rehearsal, RehearsalPage

routes = Routes("Privacy rules")


@routes.declare(
    "POST", "/rules/rehearse", scope="admin", body=Rehearsal, body_limit=1_048_576, replies={200: RehearsalPage}
)
def post_rules_rehearse(call: Call, body: Rehearsal) -> Reply:
    """Say what rules would do to what is stored, with samples; nothing changes.

    Each call looks at a bounded part: go on with ``nextCursor`` until it is null, with the same rules.
    """
    page = rule_review.rehearse(call.hub, body)
    call.note_reads(*{sample.id for sample in page.samples})
    return Reply(page)


@routes.declare(
    "POST", "/rules/apply", scope="admin", body=Application, replies={200: ApplicationPage}, codes=("storage_full",)
)
def post_rules_apply(call: Call, body: Application) -> Reply:
    """Put the rules in force to what is stored: forget what they drop, take out what they redact, mark the rest.

    Each call does a bounded part: go on with ``nextCursor`` until it is null. A receipt (``GET /forget/receipts/{id}``) that is
    no longer ``pending`` says that nothing of what was taken out is left in any file. Events as for ``POST /forget``.
    """
    return Reply(rule_review.apply_rules(call.hub, call.caller, body))
