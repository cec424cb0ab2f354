"""Starts the emulator for programs that nobody here wrote.

Every fixture hands out plain facts (URLs, keys); which SDK a test drives is its own business.
Set EMULATOR_BIN and CLIENTS_BIN to test other programs than the workspace's debug build.
"""

import contextlib
import json
import os
import pathlib
import socket
import subprocess
import time
import urllib.request
import uuid

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
START_DEADLINE_SECONDS = 60
ACCESS_KEY_ID = "LTAI5tConformance"
ACCESS_KEY_SECRET = "conformance-secret"
# Names below this one lead to the emulator, so that SDKs can put a bucket in front.
DOMAIN = "emulator.test"

# An SDK must not send its requests to somebody's proxy.
os.environ["NO_PROXY"] = "*"


class Emulator:
    """A running emulator and its admin API."""

    access_key_id = ACCESS_KEY_ID
    access_key_secret = ACCESS_KEY_SECRET
    region = "cn-shanghai"
    account = "1234567890123456"

    def __init__(self, addresses):
        self.addresses = addresses
        self.oss, self.mns, self.face, self.admin = (
            f"http://{addresses[name]}" for name in ("oss", "mns", "face", "admin")
        )
        port = addresses["oss"].rpartition(":")[2]
        self.oss_by_name = f"http://{DOMAIN}:{port}"

    def call(self, method, path, body=None):
        """Calls the admin API; gives what it answers."""
        request = urllib.request.Request(self.admin + path, method=method)
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=10) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    @contextlib.contextmanager
    def fault(self, service, operation, kind, **details):
        """Misbehaves as long as the block runs."""
        fault = {"service": service, "operation": operation, "kind": kind, **details}
        installed = self.call("POST", "/faults", fault)
        try:
            yield installed
        finally:
            self.call("DELETE", f"/faults/{installed['id']}")

    def accept(self, secret="temporary-secret", token=None, expires=None):
        """Accepts a new key and gives its id."""
        access_key_id = f"STS.{uuid.uuid4().hex}"
        body = {"access_key_secret": secret, "security_token": token, "expires": expires}
        self.call("PUT", f"/credentials/{access_key_id}", body)
        return access_key_id

    def captures(self, service):
        """The last requests of a service, as they were received."""
        return [capture for capture in self.call("GET", "/captures") if capture["service"] == service]


def built(variable, kind, name, folder):
    """A program of the emulator's package: the one that a variable names, or the debug build."""
    given = os.environ.get(variable)
    if given:
        return pathlib.Path(given)
    build = ["cargo", "build", "--quiet", "--package", "emulator", f"--{kind}", name]
    if subprocess.run(build, cwd=ROOT, check=False).returncode != 0:
        pytest.exit(f"`{name}` does not build", returncode=1)
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    return target / folder / name


@pytest.fixture(scope="session")
def binary():
    """The emulator to test."""
    return built("EMULATOR_BIN", "bin", "emulator", "debug")


@pytest.fixture(scope="session")
def clients():
    """The program that lets this workspace's clients loose."""
    return built("CLIENTS_BIN", "example", "clients", "debug/examples")


@contextlib.contextmanager
def running(binary, folder, *arguments):
    """Starts an emulator on free ports and ends it with the block."""
    announcement = folder / f"{uuid.uuid4().hex}.json"
    command = [binary, "--announce", announcement, "--log-filter", "warn", *arguments]
    for listener in ("oss", "mns", "mns-open", "face", "sts", "admin"):
        command += [f"--{listener}", "127.0.0.1:0"]
    environment = {
        "ALIBABA_CLOUD_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": ACCESS_KEY_SECRET,
    }
    process = subprocess.Popen(command, env=environment)
    try:
        yield Emulator(json.loads(awaited(announcement, process)))
    finally:
        process.terminate()
        process.wait(timeout=30)


def awaited(announcement, process):
    """The announcement, once it is there."""
    deadline = time.monotonic() + START_DEADLINE_SECONDS
    while not announcement.exists():
        assert process.poll() is None, f"the emulator ended with {process.returncode}"
        assert time.monotonic() < deadline, "the emulator does not announce itself"
        time.sleep(0.01)
    return announcement.read_text()


@pytest.fixture(scope="session")
def emulator(binary, tmp_path_factory):
    """One emulator for all tests; each makes its own buckets, queues and topics."""
    options = ["--oss-host", DOMAIN, "--capture"]
    with running(binary, tmp_path_factory.mktemp("emulator"), *options) as emulator:
        yield emulator


@pytest.fixture(autouse=True)
def names_lead_to_this_machine(monkeypatch):
    """Plays the name server for names below DOMAIN."""
    ask = socket.getaddrinfo

    def getaddrinfo(host, *rest, **more):
        name = host.decode() if isinstance(host, bytes) else host
        ours = isinstance(name, str) and (name == DOMAIN or name.endswith("." + DOMAIN))
        return ask("127.0.0.1" if ours else host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
