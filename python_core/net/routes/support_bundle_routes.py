"""``/support-bundle``: one file that helps others to help, with nothing in it that was copied or read."""

from __future__ import annotations

from python_core.net.endpoints import Call, RawReply, Reply, Routes
from python_core.runtime import support_bundles
from python_core.runtime.shapes import Done
from python_core.runtime.support_bundles import BundleRequest, BundleView

routes = Routes("Support")


@routes.declare(
    "POST",
    "/support-bundle",
    scope="admin",
    asks_owner=True,
    body=BundleRequest,
    replies={202: BundleView},
    codes=("conflict",),
)
def post_support_bundle(call: Call, body: BundleRequest) -> Reply:
    """Begin to make a bundle, as ``smrthub bundle`` does, in a process of its own; the one before goes.

    One is made at a time: another is ``conflict``. ``GET /support-bundle`` tells when it is there.
    """
    return Reply(support_bundles.begin_bundle(call.hub, body), 202)


@routes.declare("GET", "/support-bundle", scope="admin", replies={200: BundleView})
def get_support_bundle(call: Call) -> Reply:
    """Say where the bundle stands: ``none``, ``making``, ``made`` with its report, or ``failed`` and why.

    The report is what its manifest says: its parts, what was left out, how many of what were masked, and the SHA-256 of each
    file and of the whole. A failure with the code ``leak_found``: it would have held what it must not, and was not written.
    """
    return Reply(support_bundles.get_bundle(call.hub))


@routes.declare(
    "GET",
    "/support-bundle/file",
    scope="admin",
    replies={200: None},
    codes=("not_found",),
    produces=("application/zip",),
)
def get_support_bundle_file(call: Call) -> RawReply:
    """Download the bundle that was made last. Open ``review/index.html`` in it before you send it."""
    name, content = support_bundles.read_bundle(call.hub)
    return RawReply(content, "application/zip", {"Content-Disposition": f'attachment; filename="{name}"'})


@routes.declare("DELETE", "/support-bundle", scope="admin", replies={200: Done}, codes=("not_found", "conflict"))
def delete_support_bundle(call: Call) -> Reply:
    """Remove the bundle that was made last."""
    support_bundles.remove_bundle(call.hub)
    return Reply(Done())
