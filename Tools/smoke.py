"""Smoke-test the hub: a status, a tab, a clip and the SmrtSearch trigger over HTTP, and what each answered."""

import argparse
import contextlib
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import python_version

if TYPE_CHECKING:
    from python_core.client import Service

ROOT = Path(__file__).resolve().parent.parent
START_WITHIN_S = 60.0
END_WITHIN_S = 20.0
PLAN = {
    "GET    /status": "on the bridge: the hub is ready",
    "POST   /tab-info": "on the web listener: a made-up page, opened without the focus and closed, is recorded",
    "POST   /clipboard": "on the bridge: a clip with a word made up for this run is stored",
    "POST   /trigger": "on the bridge: SmrtSearch finds that clip (args.open is false: no browser opens)",
    "DELETE /clipboard/ID": "on the bridge: the clip is removed again; the visit to the made-up page stays",
}


def main() -> int:
    """Run all steps; 0 when each answered as it should, else 1."""
    options = parse(sys.argv[1:])
    if options.dry_run:
        where = "a hub started for it in a temporary home, and ended after it" if options.start else "your running hub"
        print("\n".join([f"Against {where}:", *(f"  {call:<22}{what}" for call, what in PLAN.items())]))
        return 0
    if importlib.util.find_spec("apsw") is None:
        return run_in_venv()
    sys.path.insert(0, str(ROOT))  # python_core, whether it is installed or not
    if not options.start:
        return run_steps(None)
    with tempfile.TemporaryDirectory(prefix="smrthub-smoke-") as home, started_hub(Path(home)) as environ:
        return run_steps(environ) if environ is not None else 1


def parse(arguments: "list[str]") -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="Tools/smoke.py",
        description="Call a running hub's representative routes and print what each answered: "
        "status, tab, clip, SmrtSearch. What it stores is marked as a smoke test; the clip is removed again.",
    )
    parser.add_argument("--start", action="store_true", help="start a hub for it, in a temporary home on free ports")
    parser.add_argument("--dry-run", action="store_true", help="say what would be called and call nothing")
    return parser.parse_args(arguments)


def run_in_venv() -> int:
    """Do it all with the Python of ``.venv``, which has what the hub needs."""
    import setup_venv

    python = setup_venv.venv_python(ROOT)
    if not python.exists():
        print(f"{python} is not there. Make it first with: python3 Tools/run.py", file=sys.stderr)
        return 1
    return subprocess.run([python, __file__, *sys.argv[1:]], check=False).returncode


@contextlib.contextmanager
def started_hub(home: Path) -> "Iterator[Mapping[str, str] | None]":
    """Start a hub in ``home`` and give the environment in which clients find it; None when it did not start."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("SMRTHUB_")}
    environ |= {"APPDATA": str(home / "roaming"), "LOCALAPPDATA": str(home / "local"), "PYTHONPATH": str(ROOT)}
    environ |= {"SMRTHUB_BRIDGE_PORT": "0", "SMRTHUB_WEB_LISTENER_PORT": "0"}
    told = home / "told.txt"
    with told.open("wb") as output:
        command = [sys.executable, "-P", "-m", "python_core"]
        hub = subprocess.Popen(command, env=environ, cwd=home, stdout=output, stderr=subprocess.STDOUT)
    try:
        if is_up(hub, environ):
            yield environ
        else:
            print(f"The hub did not start:\n{told.read_text(encoding='utf-8', errors='replace')}", file=sys.stderr)
            yield None
    finally:
        hub.terminate()
        try:
            hub.wait(END_WITHIN_S)
        except subprocess.TimeoutExpired:
            hub.kill()
            hub.wait()


def is_up(hub: "subprocess.Popen[bytes]", environ: "Mapping[str, str]") -> bool:
    """Wait until both servers answer; False when the hub ended or the time is over before."""
    from python_core.client import HubClient
    from python_core.errors import NotReachable

    end = time.monotonic() + START_WITHIN_S
    while time.monotonic() < end and hub.poll() is None:
        try:
            with HubClient(environ=environ) as bridge, HubClient("web-listener", environ=environ) as listener:
                bridge.prove()
                listener.prove()
                return True
        except NotReachable:
            time.sleep(0.05)
    return False


def run_steps(environ: "Mapping[str, str] | None") -> int:
    """Run every step, whatever the others said; print for each a verdict and the answer."""
    from python_core.errors import HubError

    smoke = Smoke(environ)
    steps = (smoke.get_status, smoke.post_tab, smoke.post_clip, smoke.run_smrtsearch, smoke.remove_clip)
    failed = 0
    for title, step in zip(PLAN, steps, strict=True):
        try:
            answer = step()
        except (HubError, Unexpected) as finding:
            failed += 1
            print(f"FAIL  {title}\n      {finding}")
        else:
            print(f"ok    {title}\n      {json.dumps(answer)}")
    print(f"{failed} of {len(steps)} failed" if failed else "ok")
    return 1 if failed else 0


class Unexpected(Exception):
    """The hub answered, but not what it should."""


class Smoke:
    """The steps; each returns what was answered, or raises what was wrong with it."""

    def __init__(self, environ: "Mapping[str, str] | None") -> None:
        self.environ = environ
        self.word = f"smoke{uuid.uuid4().hex}"
        self.clip_id = ""

    def get_status(self) -> "dict[str, Any]":
        answer = self._call("bridge", "GET", "/status")
        _expect(answer["ready"] is True, answer)
        return answer

    def post_tab(self) -> "dict[str, Any]":
        # Without the focus: a page in front of the user would become the source of what is copied meanwhile.
        tab = {
            "url": "https://smoke-test.invalid/",
            "title": "SmrtHub smoke test",
            "focused": False,
            "browser": "smoke",
        }
        tabs = [{**tab, "event": event} for event in ("activated", "closed")]
        answer = self._call("web-listener", "POST", "/tab-info", {"tabs": tabs})
        _expect([each["stored"] for each in answer["results"]] == [True, True], answer)
        return answer

    def post_clip(self) -> "dict[str, Any]":
        fragment = {"type": "text", "content": f"SmrtHub smoke test {self.word}"}
        source = {"app": "smoke-test"}  # told, so that no page is looked for
        answer = self._call("bridge", "POST", "/clipboard", {"fragments": [fragment], "encounter": {"source": source}})
        _expect("id" in answer, answer)
        self.clip_id = answer["id"]
        return answer

    def run_smrtsearch(self) -> "dict[str, Any]":
        body = {"hotkey": "HOTKEY_SMRTSEARCH", "args": {"query": self.word, "open": False}}
        answer = self._call("bridge", "POST", "/trigger?wait=4", body)
        found = [hit["id"] for hit in answer["run"].get("result", {}).get("hits", [])]
        _expect(answer["run"]["state"] == "succeeded" and found == [self.clip_id], answer)
        return answer

    def remove_clip(self) -> "dict[str, Any]":
        _expect(self.clip_id != "", "There is no clip to remove.")
        return self._call("bridge", "DELETE", f"/clipboard/{self.clip_id}")

    def _call(self, service: "Service", method: str, path: str, body: object = None) -> "dict[str, Any]":
        from python_core.client import HubClient

        with HubClient(service, environ=self.environ) as hub:
            return hub.call(method, path, body)


def _expect(is_so: bool, answer: object) -> None:
    if not is_so:
        raise Unexpected(f"Not what it should be: {json.dumps(answer)}")


if __name__ == "__main__":
    try:
        python_version.need_supported_python()
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
