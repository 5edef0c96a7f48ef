# SPDX-License-Identifier: Apache-2.0
"""Tags of flows, by boto3 and by hand."""

import urllib.parse

import pytest

from support import flows, raw_http
from support.cluster import ACCOUNT, FULL_KEY, OTHER_ACCOUNT, OTHER_KEY, READER_KEY
from support.errors import refused
from support.names import unique


@pytest.fixture(scope="module")
def cluster(make_cluster):
    cluster = make_cluster(api=2, controller=2, worker=0)
    yield cluster
    cluster.stop()


@pytest.fixture
def name(client):
    name = unique()
    client.create_flow(**flows.flow(name, tags={"team": "data", "stage": "test"}))
    return name


def arn(name, account=ACCOUNT, region="us-east-1", kind="flow"):
    return f"arn:aws:appflow:{region}:{account}:{kind}/{name}"


def tags_of(client, name):
    """As all three operations that show them say, which must agree."""
    listed = client.list_tags_for_resource(resourceArn=arn(name))["tags"]
    assert client.describe_flow(flowName=name)["tags"] == listed
    token = None
    while True:
        page = client.list_flows(maxResults=100, **({"nextToken": token} if token else {}))
        for flow in page["flows"]:
            if flow["flowName"] == name:
                assert flow["tags"] == listed
                return listed
        token = page["nextToken"]


def test_tags_are_merged_and_taken_away(client, name):
    assert tags_of(client, name) == {"team": "data", "stage": "test"}
    before = client.describe_flow(flowName=name)
    answer = client.tag_resource(resourceArn=arn(name), tags={"stage": "live", "a:b/c=d": "with blanks + more"})
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert tags_of(client, name) == {"team": "data", "stage": "live", "a:b/c=d": "with blanks + more"}
    answer = client.untag_resource(resourceArn=arn(name), tagKeys=["team", "a:b/c=d", "never-there"])
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert tags_of(client, name) == {"stage": "live"}
    client.untag_resource(resourceArn=arn(name), tagKeys=["stage"])
    assert tags_of(client, name) == {}
    after = client.describe_flow(flowName=name)
    for member in ("lastUpdatedAt", "schemaVersion", "tasks"):
        assert after[member] == before[member], "tags are no change of the definition"


def test_tags_survive_updates_of_the_definition(client, name):
    client.tag_resource(resourceArn=arn(name), tags={"more": "yes"})
    client.update_flow(**flows.update_of(flows.flow(name, description="changed")))
    assert tags_of(client, name) == {"team": "data", "stage": "test", "more": "yes"}


def test_fifty_tags_and_no_more(client):
    name = unique()
    client.create_flow(**flows.flow(name, tags={f"key{number}": "v" for number in range(49)}))
    client.tag_resource(resourceArn=arn(name), tags={"fiftieth": "v"})
    with refused("ValidationException", 400, "tags", "less than or equal to 50"):
        client.tag_resource(resourceArn=arn(name), tags={"one-more": "v", "key0": "changed"})
    tags = client.list_tags_for_resource(resourceArn=arn(name))["tags"]
    assert len(tags) == 50 and tags["key0"] == "v"


@pytest.mark.parametrize("bad", [
    {"aws:mine": "v"}, {"": "v"}, {"k" * 129: "v"}, {"key": "v" * 257}, {"key": "semi;colon*"}, {"two words": "v"}])
def test_bad_tags_are_refused(cluster, client, name, bad):
    unchecked = cluster.client(check_parameters=False)
    with refused("ValidationException", 400, "tags"):
        unchecked.tag_resource(resourceArn=arn(name), tags=bad)
    assert tags_of(client, name) == {"team": "data", "stage": "test"}


@pytest.mark.parametrize("call", [
    lambda client, arn: client.list_tags_for_resource(resourceArn=arn),
    lambda client, arn: client.tag_resource(resourceArn=arn, tags={"k": "v"}),
    lambda client, arn: client.untag_resource(resourceArn=arn, tagKeys=["k"])], ids=["list", "tag", "untag"])
def test_what_is_not_a_flow_of_the_caller_has_no_tags(client, name, call):
    for resource in (arn("no-such-flow"), arn(name, account=OTHER_ACCOUNT), arn(name, region="eu-west-1"),
                     arn(name, kind="connectorprofile"), f"arn:aws:s3:us-east-1:{ACCOUNT}:flow/{name}"):
        with refused("ResourceNotFoundException", 404):
            call(client, resource)
    with refused("ValidationException", 400, "resourceArn"):
        call(client, "not-an-arn")


def test_accounts_and_readers(cluster, client, name):
    with refused("ResourceNotFoundException", 404):
        cluster.client(OTHER_KEY).tag_resource(resourceArn=arn(name), tags={"k": "v"})
    with refused("ResourceNotFoundException", 404):
        cluster.client(OTHER_KEY).tag_resource(resourceArn=arn(name, OTHER_ACCOUNT), tags={"k": "v"})
    reader = cluster.client(READER_KEY)
    assert reader.list_tags_for_resource(resourceArn=arn(name))["tags"] == {"team": "data", "stage": "test"}
    with refused("AccessDeniedException", 403, "TagResource"):
        reader.tag_resource(resourceArn=arn(name), tags={"k": "v"})
    with refused("AccessDeniedException", 403, "UntagResource"):
        reader.untag_resource(resourceArn=arn(name), tagKeys=["team"])


@pytest.mark.parametrize("encode", [lambda text: text, lambda text: urllib.parse.quote(text, safe="")],
                         ids=["plain", "encoded"])
def test_paths_by_hand(cluster, client, name, encode):
    path = "/tags/" + encode(arn(name))
    listed = raw_http.call(cluster.url, path, b"", FULL_KEY, method="GET")
    assert (listed.status_code, listed.json()) == (200, {"tags": {"team": "data", "stage": "test"}})
    tagged = raw_http.call(cluster.url, path, {"tags": {"k": "v"}}, FULL_KEY)
    assert (tagged.status_code, tagged.content) == (204, b"")
    untagged = raw_http.call(cluster.url, path + "?tagKeys=k&tagKeys=team", b"", FULL_KEY, method="DELETE")
    assert (untagged.status_code, untagged.content) == (204, b"")
    assert tags_of(client, name) == {"stage": "test"}
    missing = raw_http.call(cluster.url, path, b"", FULL_KEY, method="DELETE")
    assert raw_http.error_of(missing)[:2] == (400, "ValidationException")


def test_concurrent_writers_lose_nothing(cluster, name):
    """Tags and definitions of one flow, from two api processes at once."""
    import concurrent.futures

    clients = [cluster.client(url=url) for url in cluster.api_urls()]

    def work(number):
        client = clients[number % 2]
        if number % 5 == 4:
            client.update_flow(**flows.update_of(flows.flow(name, description=f"by writer {number}")))
        else:
            client.tag_resource(resourceArn=arn(name), tags={f"key{number}": str(number)})

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        list(pool.map(work, range(40)))
    expected = {f"key{number}": str(number) for number in range(40) if number % 5 != 4}
    assert tags_of(clients[0], name) == {"team": "data", "stage": "test", **expected}
