# SPDX-License-Identifier: Apache-2.0
"""Connector profiles and custom connectors, by boto3; and that no credential ever lies about in the clear."""

import concurrent.futures
import os
import subprocess

import pytest

from support import flows, messages, raw_http
from support.cluster import ACCOUNT, FULL_KEY, OTHER_KEY, READER_KEY
from support.errors import refused
from support.names import unique
from support.postgres import find_binaries

SECRET = "s3cr3t-0a1b2c3d4e5f"
LAMBDA = {"lambda": {"lambdaArn": f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:connector"}}
NO_PROFILE = "Connector Profile with name {} does not exist."


@pytest.fixture(scope="module")
def cluster(make_cluster):
    cluster = make_cluster(api=1, controller=2, worker=1)
    yield cluster
    cluster.stop()


def salesforce(name, **more):
    return {
        "connectorProfileName": name, "connectorType": "Salesforce", "connectionMode": "Public",
        "connectorProfileConfig": {
            "connectorProfileProperties": {
                "Salesforce": {"instanceUrl": "https://example.my.salesforce.com", "isSandboxEnvironment": True}},
            "connectorProfileCredentials": {
                "Salesforce": {"accessToken": SECRET + "-access", "refreshToken": SECRET + "-refresh",
                               "clientCredentialsArn": "arn:aws:secretsmanager:us-east-1:1:secret:" + SECRET}}},
        **more,
    }


def slack(name, secret=SECRET):
    return {
        "connectorProfileName": name, "connectorType": "Slack", "connectionMode": "Public",
        "connectorProfileConfig": {
            "connectorProfileProperties": {"Slack": {"instanceUrl": "https://example.slack.com"}},
            "connectorProfileCredentials": {"Slack": {"clientId": "id", "clientSecret": secret, "accessToken": secret}}},
    }


def custom(name, label):
    return {
        "connectorProfileName": name, "connectorType": "CustomConnector", "connectorLabel": label,
        "connectionMode": "Public",
        "connectorProfileConfig": {
            "connectorProfileProperties": {"CustomConnector": {"profileProperties": {"url": "https://example.com"}}},
            "connectorProfileCredentials": {"CustomConnector": {
                "authenticationType": "BASIC", "basic": {"username": "user", "password": SECRET}}}},
    }


def details(client, **filters):
    return client.describe_connector_profiles(**filters)["connectorProfileDetails"]


def profile_arn(name):
    return f"arn:aws:appflow:us-east-1:{ACCOUNT}:connectorprofile/{name}"


# Profiles


def test_a_profile_is_made_and_described(client):
    name = unique()
    created = client.create_connector_profile(**salesforce(name, kmsArn="arn:aws:kms:us-east-1:1:key/some-key"))
    assert created["connectorProfileArn"] == profile_arn(name)
    (profile,) = details(client, connectorProfileNames=[name])
    assert profile["connectorProfileArn"] == profile_arn(name) and profile["connectorProfileName"] == name
    assert profile["connectorType"] == "Salesforce" and profile["connectionMode"] == "Public"
    assert profile["connectorProfileProperties"] == salesforce(name)["connectorProfileConfig"]["connectorProfileProperties"]
    assert profile["credentialsArn"].startswith(f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:appflow!")
    assert profile["createdAt"] == profile["lastUpdatedAt"]
    assert "privateConnectionProvisioningState" not in profile and SECRET not in str(profile)
    with refused("ConflictException", 409, name):
        client.create_connector_profile(**salesforce(name))


def test_a_profile_that_s3_needs_none_of_is_passed_over(client):
    name = unique()
    definition = flows.flow(name)
    definition["sourceFlowConfig"]["connectorProfileName"] = "nobody"
    client.create_flow(**definition)
    assert client.describe_flow(flowName=name)["sourceFlowConfig"]["connectorProfileName"] == "nobody"
    client.update_flow(**definition)


def test_a_label_counts_for_custom_connectors_only(client):
    name, label = unique(), unique("label")
    client.register_connector(connectorLabel=label, connectorProvisioningType="LAMBDA", connectorProvisioningConfig={
        "lambda": {"lambdaArn": "arn:aws:lambda:us-east-1:123456789012:function:f"}})
    client.create_connector_profile(**slack(name), connectorLabel=label)
    client.unregister_connector(connectorLabel=label)


def test_a_retry_is_answered_as_before_and_another_request_is_not(client):
    name, token = unique(), unique()
    first = client.create_connector_profile(**slack(name), clientToken=token)
    again = client.create_connector_profile(**slack(name), clientToken=token)
    assert first["connectorProfileArn"] == again["connectorProfileArn"]
    # The digest is of the request as it came: another secret is another request.
    with refused("ConflictException", 409, "token"):
        client.create_connector_profile(**slack(name, secret="another"), clientToken=token)


def test_an_update_replaces_properties_mode_and_credentials(client):
    name = unique()
    client.create_connector_profile(**slack(name))
    (before,) = details(client, connectorProfileNames=[name])
    properties = {"Slack": {"instanceUrl": "https://other.slack.com"}}
    client.update_connector_profile(
        connectorProfileName=name, connectionMode="Private",
        connectorProfileConfig={"connectorProfileProperties": properties})
    (after,) = details(client, connectorProfileNames=[name])
    assert after["connectorProfileProperties"] == properties and after["connectionMode"] == "Private"
    assert after["privateConnectionProvisioningState"] == {"status": "CREATED"}
    assert "credentialsArn" in before and "credentialsArn" not in after  # not sent again: gone
    assert after["createdAt"] == before["createdAt"] and after["lastUpdatedAt"] > before["lastUpdatedAt"]
    with refused("ValidationException", 400, "Slack"):
        client.update_connector_profile(
            connectorProfileName=name, connectionMode="Public",
            connectorProfileConfig={"connectorProfileProperties": {"Zendesk": {"instanceUrl": "https://z.example"}}})
    nobody = unique()
    with refused("ResourceNotFoundException", 404, NO_PROFILE.format(nobody)):
        client.update_connector_profile(
            connectorProfileName=nobody, connectionMode="Public",
            connectorProfileConfig={"connectorProfileProperties": properties})


def test_filters_are_joined_and_pages_follow_each_other(cluster):
    client = cluster.client(OTHER_KEY)
    names = sorted(unique() for _ in range(5))
    for name in names:
        client.create_connector_profile(**(slack(name) if name == names[0] else salesforce(name)))
    assert [profile["connectorProfileName"] for profile in details(client)] == names
    found, token = [], None
    while True:
        page = client.describe_connector_profiles(
            connectorType="Salesforce", maxResults=3, **({"nextToken": token} if token else {}))
        found += [profile["connectorProfileName"] for profile in page["connectorProfileDetails"]]
        token = page.get("nextToken")
        if not token:
            break
        last = token
    assert found == names[1:]
    # A token belongs to the list it came from.
    with refused("ValidationException", 400, "nextToken"):
        client.describe_connector_profiles(connectorType="Slack", maxResults=3, nextToken=last)
    assert details(client, connectorProfileNames=names[:2], connectorType="Slack")[0]["connectorProfileName"] == names[0]
    assert details(client, connectorProfileNames=["nobody"]) == []
    assert details(client, connectorLabel="nothing") == []
    assert details(cluster.client(FULL_KEY), connectorProfileNames=names) == []


def test_bad_profiles_are_refused(cluster, client):
    unchecked = cluster.client(check_parameters=False)
    wrong = salesforce(unique())
    wrong["connectorType"] = "Slack"
    with refused("ValidationException", 400, "Slack"):
        client.create_connector_profile(**wrong)
    without = salesforce(unique())
    without["connectorType"] = "S3"
    with refused("ValidationException", 400, "S3"):
        client.create_connector_profile(**without)
    with refused("ValidationException", 400, "connectorLabel"):
        request = custom(unique(), "x1")
        del request["connectorLabel"]
        client.create_connector_profile(**request)
    mixed = salesforce(unique())
    mixed["connectorProfileConfig"]["connectorProfileCredentials"] = slack("x")["connectorProfileConfig"]["connectorProfileCredentials"]
    with refused("ValidationException", 400, "Salesforce") as caught:
        client.create_connector_profile(**mixed)
    assert SECRET not in str(caught.value.response)
    # Exactly one member, whatever else is in it, for new profiles and for old ones.
    old = unique()
    client.create_connector_profile(**slack(old))
    for other in ("Zendesk", SECRET):
        double = slack(old)
        double["connectorProfileConfig"]["connectorProfileCredentials"][other] = {"clientId": SECRET, "clientSecret": SECRET}
        update = {key: double[key] for key in ("connectorProfileName", "connectionMode", "connectorProfileConfig")}
        for path, request in (("create", {**double, "connectorProfileName": unique()}), ("update", update)):
            answer = raw_http.call(cluster.url, f"/{path}-connector-profile", request, FULL_KEY)
            assert answer.status_code == 400 and answer.headers["x-amzn-ErrorType"] == "ValidationException"
            assert "exactly one member" in answer.text and SECRET not in answer.text
    update["connectorProfileConfig"]["connectorProfileCredentials"] = {"Zendesk": None, **slack(old)["connectorProfileConfig"]["connectorProfileCredentials"]}
    assert raw_http.call(cluster.url, "/update-connector-profile", update, FULL_KEY).status_code == 200
    bad = slack(unique())
    bad["connectorProfileConfig"]["connectorProfileCredentials"]["Slack"]["clientSecret"] = SECRET + "\n" + "x" * 600
    with refused("ValidationException", 400) as caught:
        unchecked.create_connector_profile(**bad)
    assert SECRET not in str(caught.value.response)
    with refused("AccessDeniedException", 403):
        cluster.client(READER_KEY).create_connector_profile(**slack(unique()))


def test_deleting(client):
    name = unique()
    client.create_connector_profile(**slack(name))
    client.delete_connector_profile(connectorProfileName=name)
    assert details(client, connectorProfileNames=[name]) == []
    with refused("ResourceNotFoundException", 404, NO_PROFILE.format(name)):
        client.delete_connector_profile(connectorProfileName=name)


# Flows that use profiles


def through(name, profile):
    source = {"connectorType": "Salesforce", "connectorProfileName": profile,
              "sourceConnectorProperties": {"Salesforce": {"object": "Account"}}}
    task = {"taskType": "Map_all", "sourceFields": [], "connectorOperator": {"Salesforce": "NO_OP"}, "taskProperties": {}}
    return flows.flow(name, source, tasks=[task])


def test_flows_need_their_profile_and_keep_it(client):
    name, profile = unique(), unique()
    with refused("ResourceNotFoundException", 404, NO_PROFILE.format(profile)):
        client.create_flow(**through(name, profile))
    client.create_connector_profile(**slack(profile))
    with refused("ValidationException", 400, "Slack", "Salesforce"):
        client.create_flow(**through(name, profile))
    client.delete_connector_profile(connectorProfileName=profile)
    client.create_connector_profile(**salesforce(profile))
    client.create_flow(**through(name, profile))
    with refused("ConflictException", 409) as caught:
        client.delete_connector_profile(connectorProfileName=profile)
    assert caught.value.response["Error"]["Message"] == (
        f"Conflict executing request: Connector profile: {profile} is associated with one or more flows. If you still "
        "want to delete it, then make delete request with forceDelete flag as true. Some of the associated flows are: "
        f"[{name}]")
    client.delete_connector_profile(connectorProfileName=profile, forceDelete=True)
    assert client.describe_flow(flowName=name)["sourceFlowConfig"]["connectorProfileName"] == profile
    client.create_connector_profile(**salesforce(profile))
    client.delete_flow(flowName=name)
    client.delete_connector_profile(connectorProfileName=profile)


def test_a_profile_is_used_or_deleted_but_not_both(client):
    """Flows and profiles are different keys of the commands: two controllers may have one each."""
    outcomes = set()
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for _ in range(25):
            name, profile = unique(), unique()
            client.create_connector_profile(**salesforce(profile))
            creation = pool.submit(client.create_flow, **through(name, profile))
            deletion = pool.submit(client.delete_connector_profile, connectorProfileName=profile)
            created, deleted = creation.exception(), deletion.exception()
            assert (created is None) != (deleted is None), (created, deleted)
            loser = created or deleted
            outcomes.add(loser.response["Error"]["Code"])
            exists = bool(details(client, connectorProfileNames=[profile]))
            assert exists == (created is None)
    assert outcomes <= {"ResourceNotFoundException", "ConflictException"}, outcomes


# Custom connectors


def test_custom_connectors_are_registered_before_their_profiles(client):
    label, profile = unique(), unique()
    with refused("ResourceNotFoundException", 404, f"Connector:{label} is not registered."):
        client.create_connector_profile(**custom(profile, label))
    registered = client.register_connector(
        connectorLabel=label, description="ours", connectorProvisioningType="LAMBDA", connectorProvisioningConfig=LAMBDA)
    assert registered["connectorArn"] == f"arn:aws:appflow:us-east-1:{ACCOUNT}:connector/{label}"
    with refused("ConflictException", 409, label):
        client.register_connector(connectorLabel=label, connectorProvisioningConfig=LAMBDA)
    updated = client.update_connector_registration(connectorLabel=label, description="still ours")
    assert updated["connectorArn"] == registered["connectorArn"]
    client.create_connector_profile(**custom(profile, label))
    (found,) = details(client, connectorLabel=label)
    assert found["connectorProfileName"] == profile and found["connectorLabel"] == label
    with refused("ConflictException", 409, profile):
        client.unregister_connector(connectorLabel=label)
    client.unregister_connector(connectorLabel=label, forceDelete=True)
    with refused("ResourceNotFoundException", 404, label):
        client.unregister_connector(connectorLabel=label)
    with refused("ResourceNotFoundException", 404, label):
        client.update_connector_registration(connectorLabel=label)
    client.delete_connector_profile(connectorProfileName=profile)


def test_registrations_keep_what_the_model_knows(cluster, client):
    label = unique("connector")
    strange = {"lambda": {**LAMBDA["lambda"], "token": "hidden-1"}, "token": "hidden-2"}
    body = {"connectorLabel": label, "connectorProvisioningType": "LAMBDA", "connectorProvisioningConfig": strange}
    assert raw_http.call(cluster.url, "/register-connector", body, FULL_KEY).status_code == 200
    update = {"connectorLabel": label, "connectorProvisioningConfig": strange}
    for operation, request in (("describe-connector", {"connectorType": "CustomConnector", "connectorLabel": label}),
                               ("update-connector-registration", update)) * 2:
        answer = raw_http.call(cluster.url, f"/{operation}", request, FULL_KEY)
        assert answer.status_code == 200 and "hidden" not in answer.text, answer.text
    described = client.describe_connector(connectorType="CustomConnector", connectorLabel=label)
    assert described["connectorConfiguration"]["connectorProvisioningConfig"] == LAMBDA


@pytest.mark.parametrize("config", [None, {}, {"lambda": {"lambdaArn": "arn:aws:s3:r:1:function:x"}}])
def test_registrations_need_a_lambda(client, config):
    request = {} if config is None else {"connectorProvisioningConfig": config}
    with refused("ValidationException", 400):
        client.register_connector(connectorLabel=unique(), **request)


# Credentials


def test_no_credential_is_ever_in_the_clear(cluster, client):
    name = unique()
    client.create_connector_profile(**salesforce(name))
    client.update_connector_profile(
        connectorProfileName=name, connectionMode="Public",
        connectorProfileConfig=salesforce(name)["connectorProfileConfig"])
    client.create_connector_profile(**slack(unique()))
    # Where it does not belong, and where it is refused.
    stray = salesforce(unique())
    stray["connectorProfileConfig"]["connectorProfileProperties"]["Salesforce"]["password"] = SECRET
    stray["connectorProfileConfig"]["password"] = stray["password"] = SECRET
    assert raw_http.call(cluster.url, "/create-connector-profile", stray, FULL_KEY).status_code == 200
    with refused("ConflictException", 409):
        client.create_connector_profile(**salesforce(name))
    answers = str(details(client, connectorProfileNames=[name, stray["connectorProfileName"]]))
    needle = SECRET.encode()
    sealed = 0
    for topic in ("commands", "outcomes", "run-events", "runs", "dead-letters"):
        for message in messages.read_all(cluster.broker, cluster.topic_prefix + topic):
            whole = b" ".join([message.key() or b"", message.value() or b"", str(message.headers()).encode()])
            assert needle not in whole, f"{topic}: {whole[:300]!r}"
            sealed += b"millrace1." in whole
    assert sealed >= 4, "the commands were not found"
    dump = subprocess.run(
        [os.path.join(find_binaries(), "pg_dump"), cluster.environment["DATABASE_URL"]], capture_output=True, timeout=60)
    assert dump.returncode == 0, dump.stderr
    assert dump.stdout.count(b"millrace1.") >= 3, "the profiles were not found"
    assert needle not in dump.stdout
    for member in cluster.members:
        with open(member.process.log_path, "rb") as log:
            assert needle not in log.read(), member.name
    assert SECRET not in answers


def test_without_keys_no_credentials_are_taken(cluster):
    member = cluster.add("api", {"MILLRACE_SEALING_PUBLIC_KEYS_FILE": ""})
    try:
        member.start().wait_ready(60)
        client = cluster.client(url=member.api_url)
        name = unique()
        with refused("ValidationException", 400, "MILLRACE_SEALING_PUBLIC_KEYS_FILE"):
            client.create_connector_profile(**slack(name))
        assert details(client, connectorProfileNames=[name]) == []
        open_profile = slack(name)
        del open_profile["connectorProfileConfig"]["connectorProfileCredentials"]
        client.create_connector_profile(**open_profile)
        assert "credentialsArn" not in details(client, connectorProfileNames=[name])[0]
    finally:
        assert member.stop() == 0
        cluster.members.remove(member)


def test_a_new_key_seals_and_the_old_one_stays(cluster):
    old = sealed_for(cluster, cluster.client())
    new = cluster.add_sealing_keys()
    member = cluster.add("api")
    try:
        member.start().wait_ready(60)
        assert sealed_for(cluster, cluster.client(url=member.api_url)) == new != old
    finally:
        assert member.stop() == 0
        cluster.members.remove(member)
    with open(cluster.private_keys) as file:
        assert file.read().count("BEGIN PRIVATE KEY") == 2
    assert os.stat(cluster.private_keys).st_mode & 0o777 == 0o600
    cluster.replace("worker", {})  # starts with both


def sealed_for(cluster, client):
    """The id of the key that a new profile's credentials are sealed for."""
    name = unique()
    client.create_connector_profile(**slack(name))
    with cluster.postgres.connect(cluster.database) as connection:
        row = connection.execute("SELECT sealed_credentials FROM connector_profiles WHERE name = %s", [name]).fetchone()
    return row[0].split(".")[1]


def test_bad_key_files_end_a_role_with_64(cluster):
    path = os.path.join(cluster.folder, "no-keys.pem")
    with open(path, "w") as file:
        file.write(SECRET)
    for role, setting in (("api", "MILLRACE_SEALING_PUBLIC_KEYS_FILE"), ("worker", "MILLRACE_SEALING_PRIVATE_KEYS_FILE")):
        done = subprocess.run(
            [cluster.binary, role], env={**cluster.environment, setting: path}, capture_output=True, text=True, timeout=60)
        assert done.returncode == 64 and setting in done.stderr and SECRET not in done.stderr, done.stderr


def test_raw_requests_with_credentials_are_refused_without_echo(cluster):
    """What is not even JSON, or of a wrong type, is refused without showing any of it."""
    body = '{"connectorProfileName": "x", "connectorProfileConfig": {"connectorProfileCredentials": "%s"}}' % SECRET
    answer = raw_http.call(cluster.url, "/create-connector-profile", body, FULL_KEY)
    assert answer.status_code == 400 and SECRET not in answer.text
