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
def composition(project):
    with open(project / "docker-compose.yml") as file:
        return yaml.safe_load(file)["services"]


def test_only_workers_have_the_keys_of_flows(project, composition):
    holders = {name for name, service in composition.items() for value in environment(project, service).values()
               if value in FLOW_KEYS.values()}
    assert holders == {"worker"}
    assert FLOW_KEYS.items() <= environment(project, composition["worker"]).items()


def test_each_service_has_the_secrets_it_needs_and_no_other(project, composition):
    password = variables(project / "deploy" / "secrets" / "postgres.env")["POSTGRES_PASSWORD"]
    assert len(password) == 32
    for name, service in composition.items():
        found = environment(project, service)
        assert (found.get("PGPASSWORD") == password) == (name in OURS), name
        assert ("POSTGRES_PASSWORD" in found) == (name == "postgres"), name
        wanted = {"api": ["credentials", "sealing-public"], "worker": ["sealing-private"]}
        assert service.get("secrets", []) == wanted.get(name, []), name
        assert found.get("AWS_REGION") == ("${AWS_REGION:-us-east-1}" if name in ("api", "worker") else None), name


@pytest.mark.parametrize("name", ["kafka", "postgres", *OURS])
def test_containers_have_no_rights(composition, name):
    service = composition[name]
    user, group = service["user"].split(":")
    assert int(user) > 0 and int(group) > 0
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"] and "cap_add" not in service and "privileged" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]


def test_services_are_watched_and_there_more_than_once(composition):
    assert set(composition) == {"kafka", "postgres", *OURS}
    for name, service in composition.items():
        assert ("healthcheck" in service) == (name != "migrate"), name
        assert service.get("healthcheck", {}).get("disable") is None
    replicas = {name: service["deploy"].get("replicas", 1) for name, service in composition.items()}
    assert replicas == {"kafka": 1, "postgres": 1, "migrate": 1, "api": 2, "controller": 2, "worker": 3}


@pytest.mark.parametrize("name", OURS)
def test_every_variable_is_known_to_its_role(binary, project, composition, name):
    """A misspelt one would be passed over without a word."""
    service = composition[name]
    (role,) = service["command"]
    told = subprocess.run([binary, role, "--help"], check=True, capture_output=True, text=True).stdout
    known = {line.split(", ")[1] for line in told.splitlines() if line.startswith("  --")}
    assert "DATABASE_URL" in known
    # In its stead: libpq's.
    known |= {"PGHOST", "PGUSER", "PGDATABASE", "PGPASSWORD"}
    found = environment(project, service)
    assert found and set(found) <= known


def test_secrets_that_are_there_stay(project):
    folder = project / "deploy" / "secrets"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert set(before) == {
        "postgres.env", "database.env", "worker.env", "api.env", "credentials", "sealing-private.pem", "sealing-public.pem"}
    subprocess.run([project / "deploy" / "make-secrets.sh"], check=True, stdout=subprocess.DEVNULL)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert folder.stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.iterdir() if path.suffix == ".env")


def public_halves(folder):
    """The public keys of the private ones, as openssl derives them, and those in the file beside them."""
    private = (folder / "sealing-private.pem").read_text()
    blocks = [f"-----BEGIN {block}" for block in private.split("-----BEGIN ")[1:]]
    derived = [subprocess.run(["openssl", "pkey", "-pubout"], input=block, capture_output=True, text=True, check=True).stdout
               for block in blocks]
    return derived, (folder / "sealing-public.pem").read_text()


@pytest.fixture
def fresh(tmp_path):
    """A copy without secrets, and a way to run the script with commands that die."""
    (tmp_path / "deploy").mkdir()
    (tmp_path / "bin").mkdir()
    shutil.copy(os.path.join(ROOT, "deploy", "make-secrets.sh"), tmp_path / "deploy")

    def run(*arguments, dies_at=None):
        for path in (tmp_path / "bin").iterdir():
            path.unlink()
        if dies_at:
            command, word = dies_at
            real = shutil.which(command)
            fake = tmp_path / "bin" / command
            # As an interruption does: nothing after it is run, no handler either.
            fake.write_text(f"#!/bin/sh\ncase \"$*\" in *{word}*) kill -9 $PPID; exit 1;; esac\nexec {real} \"$@\"\n")
            fake.chmod(0o755)
        done = subprocess.run(
            [tmp_path / "deploy" / "make-secrets.sh", *arguments], capture_output=True, text=True,
            env={**os.environ, "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"})
        assert (done.returncode != 0) == bool(dies_at), done.stderr
        return tmp_path / "deploy" / "secrets"

    return run


INTERRUPTIONS = [
    ("openssl", "genpkey"), ("openssl", "pubout"), *(("mv", name) for name in (
        "sealing-private", "sealing-public", "postgres", "database", "worker", "api", "credentials")),
]


@pytest.mark.parametrize("where", INTERRUPTIONS, ids="-".join)
def test_an_interruption_leaves_nothing_half_made(fresh, where):
    folder = fresh(dies_at=where)
    visible = {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.startswith(".")}
    fresh()
    for name, content in visible.items():
        assert (folder / name).read_bytes() == content, name
    assert {path.name for path in folder.iterdir()} == {
        "postgres.env", "database.env", "worker.env", "api.env", "credentials", "sealing-private.pem", "sealing-public.pem"}
    derived, public = public_halves(folder)
    assert public == "".join(derived) and len(derived) == 1
    assert variables(folder / "database.env")["PGPASSWORD"] == variables(folder / "postgres.env")["POSTGRES_PASSWORD"]


@pytest.mark.parametrize("where", INTERRUPTIONS[:4], ids="-".join)
def test_an_interrupted_rotation_keeps_the_pairs_together(fresh, where):
    folder = fresh()
    old = (folder / "sealing-public.pem").read_text()
    fresh("--rotate", dies_at=where)
    fresh()
    derived, public = public_halves(folder)
    assert public == "".join(derived) and public.startswith(old)
    assert not [path.name for path in folder.iterdir() if path.name.startswith(".")]
    fresh("--rotate")
    derived, public = public_halves(folder)
    assert public == "".join(derived) and len(derived) >= 2


def test_public_keys_that_are_lost_follow_from_the_private_ones(fresh):
    folder = fresh()
    before = (folder / "sealing-private.pem").read_text(), (folder / "sealing-public.pem").read_text()
    (folder / "sealing-public.pem").unlink()
    fresh()
    assert ((folder / "sealing-private.pem").read_text(), (folder / "sealing-public.pem").read_text()) == before


def test_a_new_sealing_key_is_added_after_the_others(project):
    folder = project / "deploy" / "secrets"
    before = {name: (folder / f"sealing-{name}.pem").read_text() for name in ("private", "public")}
    subprocess.run([project / "deploy" / "make-secrets.sh", "--rotate"], check=True, stdout=subprocess.DEVNULL)
    for name, text in before.items():
        after = (folder / f"sealing-{name}.pem").read_text()
        assert after.startswith(text) and after.count("-----BEGIN ") == text.count("-----BEGIN ") + 1
