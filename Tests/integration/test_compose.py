# SPDX-License-Identifier: Apache-2.0
"""docker-compose.yml and the secrets beside it: who gets which."""

import os
import shutil
import subprocess

import pytest
import yaml

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
OURS = ("migrate", "api", "controller", "worker")
FLOW_KEYS = {"AWS_ACCESS_KEY_ID": "key-of-flows", "AWS_SECRET_ACCESS_KEY": "secret-of-flows", "AWS_SESSION_TOKEN": "token-of-flows"}


def variables(path):
    """What an env file sets."""
    with open(path) as file:
        lines = [line.strip() for line in file if line.strip() and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A copy with fresh secrets, the keys of flows filled in."""
    folder = tmp_path_factory.mktemp("compose")
    (folder / "deploy").mkdir()
    shutil.copy(os.path.join(ROOT, "docker-compose.yml"), folder)
    shutil.copy(os.path.join(ROOT, "deploy", "make-secrets.sh"), folder / "deploy")
    subprocess.run([folder / "deploy" / "make-secrets.sh"], check=True, stdout=subprocess.DEVNULL)
    with open(folder / "deploy" / "secrets" / "worker.env", "a") as file:
        file.writelines(f"{name}={value}\n" for name, value in FLOW_KEYS.items())
    return folder


def environment(project, service):
    """What compose puts into the environment of a service's containers."""
    files = service.get("env_file", [])
    found = {}
    for file in [files] if isinstance(files, str) else files:
        found |= variables(project / file)
    return found | service.get("environment", {})


@pytest.fixture(scope="module")
def services(project):
    with open(project / "docker-compose.yml") as file:
        return yaml.safe_load(file)["services"]


def test_only_workers_have_the_keys_of_flows(project, services):
    holders = {name for name, service in services.items() for value in environment(project, service).values()
               if value in FLOW_KEYS.values()}
    assert holders == {"worker"}
    assert FLOW_KEYS.items() <= environment(project, services["worker"]).items()


def test_each_service_has_the_secrets_it_needs_and_no_other(project, services):
    password = variables(project / "deploy" / "secrets" / "postgres.env")["POSTGRES_PASSWORD"]
    assert len(password) == 32
    for name, service in services.items():
        found = environment(project, service)
        assert (found.get("PGPASSWORD") == password) == (name in OURS), name
        assert ("POSTGRES_PASSWORD" in found) == (name == "postgres"), name
        wanted = {"api": ["credentials", "sealing-public"], "worker": ["sealing-private"]}
        assert service.get("secrets", []) == wanted.get(name, []), name
        if name in OURS:
            assert found["AWS_REGION"] == "${AWS_REGION:-us-east-1}"


def test_secrets_that_are_there_stay(project):
    folder = project / "deploy" / "secrets"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert set(before) == {
        "postgres.env", "database.env", "worker.env", "credentials", "sealing-private.pem", "sealing-public.pem"}
    subprocess.run([project / "deploy" / "make-secrets.sh"], check=True, stdout=subprocess.DEVNULL)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert folder.stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.iterdir() if path.suffix == ".env")


def test_a_new_sealing_key_is_added_after_the_others(project):
    folder = project / "deploy" / "secrets"
    before = {name: (folder / f"sealing-{name}.pem").read_text() for name in ("private", "public")}
    subprocess.run([project / "deploy" / "make-secrets.sh", "--rotate"], check=True, stdout=subprocess.DEVNULL)
    for name, text in before.items():
        after = (folder / f"sealing-{name}.pem").read_text()
        assert after.startswith(text) and after.count("-----BEGIN ") == text.count("-----BEGIN ") + 1
