"""Lets the official npm SDK for OSS loose on the emulator: `ali_oss.test.cjs`, under Node's own
test runner. `cargo xtask ci conformance` installs the SDK below `target/`."""

import os
import pathlib
import shutil
import subprocess

import pytest

from conftest import ACCESS_KEY_ID, ACCESS_KEY_SECRET, ROOT

HERE = pathlib.Path(__file__).resolve().parent
MODULES = pathlib.Path(os.environ.get("NODE_PATH", ROOT / "target/conformance-node/node_modules"))


def test_the_npm_sdk_gets_along_with_the_emulator(emulator):
    if not (MODULES / "ali-oss").is_dir():
        pytest.fail(f"no `ali-oss` in {MODULES}: run `cargo xtask ci conformance` once")
    environment = {
        "PATH": os.environ["PATH"],
        "NODE_PATH": str(MODULES),
        "NO_PROXY": "*",
        "OSS_ENDPOINT": emulator.oss_by_name,
        "OSS_REGION": emulator.region,
        "OSS_KEY_ID": ACCESS_KEY_ID,
        "OSS_KEY_SECRET": ACCESS_KEY_SECRET,
    }
    node = shutil.which("node")
    command = [node, "--test", str(HERE / "ali_oss.test.cjs")]
    ended = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
