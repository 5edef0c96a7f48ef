# SPDX-License-Identifier: Apache-2.0
"""Each operation of the model called once by boto3 and once by the AWS CLI, and every list read page by page. Answers are
compared with the model on the way (support/clients.py)."""

import pytest
from botocore import xform_name

from support import service_model
from support.aws_cli import AwsCli
from support.cluster import ACCOUNT, FULL_KEY, OTHER_ACCOUNT, OTHER_KEY
from support.errors import refused
from support.every_operation import Preparation, items_of, missing_in, paged, profile_of, registration_of, untold
from support.names import unique


@pytest.fixture(scope="module")
def cluster(make_cluster):
    cluster = make_cluster(api=1, controller=1, worker=0)
    yield cluster
    cluster.stop()


@pytest.fixture
def client(cluster):
    """With boto3's own retries."""
    return cluster.client()


def test_every_operation_of_the_model_has_a_call():
    assert untold() == set()


@pytest.mark.parametrize("operation", service_model.operations())
def test_boto3_calls_every_operation(client, operation):
    answer = getattr(client, xform_name(operation))(**Preparation(client, ACCOUNT).of(operation))
    assert not missing_in(operation, answer), answer
    assert answer["ResponseMetadata"]["RetryAttempts"] == 0


@pytest.mark.parametrize("operation", service_model.operations())
def test_aws_cli_calls_every_operation(cluster, client, operation, tmp_path):
    aws = AwsCli(cluster.url, FULL_KEY, str(tmp_path))
    answer = aws(xform_name(operation, "-"), "--cli-input-json", Preparation(client, ACCOUNT).of(operation))
    assert not missing_in(operation, answer), answer


# Page by page


@pytest.fixture(scope="module")
def filled(cluster):
    """A client of an account of its own, with several of everything that there is; and the parameters of its lists."""
    client, prefix = cluster.client(OTHER_KEY), unique("paged")
    prepare = Preparation(client, OTHER_ACCOUNT)
    names = [prepare.flow() for _ in range(5)]
    for _ in range(5):
        client.start_flow(flowName=names[0])
        client.cancel_flow_executions(flowName=names[0])
    for number in range(5):
        client.create_connector_profile(**profile_of(f"{prefix}-{number}"))
        client.register_connector(**registration_of(f"{prefix}-{number}"))
    return client, {"DescribeFlowExecutionRecords": {"flowName": names[0]},
                    "ListConnectorEntities": {"connectorProfileName": f"{prefix}-0", "connectorType": "Salesforce"}}


def pages(client, operation, parameters):
    """All pages, by hand: the SDKs have no paginators for this service."""
    call, token, seen = getattr(client, xform_name(operation)), None, set()
    while True:
        page = call(**parameters, **({"nextToken": token} if token else {}))
        yield page
        token = page.get("nextToken")
        if not token:
            return
        assert token not in seen, "the pages go round in a circle"
        seen.add(token)


@pytest.mark.parametrize("operation", paged())
def test_pages_of_any_size_hold_the_same(filled, operation):
    client, parameters = filled[0], filled[1].get(operation, {})
    whole = list(pages(client, operation, {**parameters, "maxResults": 100}))
    assert len(whole) == 1 and len(items_of(operation, whole[0])) > 1
    expected = sorted(items_of(operation, whole[0]))
    for size in (1, 2, 3, None):
        read = list(pages(client, operation, {**parameters, **({"maxResults": size} if size else {})}))
        assert sorted(item for page in read for item in items_of(operation, page)) == expected, f"pages of {size}"
        assert all(items_of(operation, page) for page in read), "an empty page"
        if size:
            # Connectors are told twice, by their type and in a list.
            kinds = {item.split("/")[0] for item in expected}
            assert all(len(items_of(operation, page)) <= size * len(kinds) for page in read)
            assert len(read) >= len(expected) / (size * len(kinds))


@pytest.mark.parametrize("operation", paged())
def test_tokens_of_pages_cannot_be_forged(filled, operation):
    client, parameters = filled[0], filled[1].get(operation, {})
    call = getattr(client, xform_name(operation))
    token = call(**parameters, maxResults=1)["nextToken"]
    middle = len(token) // 2
    for forged in ("0", token[:-1], token[:middle] + ("a" if token[middle] != "a" else "b") + token[middle + 1:]):
        with refused("ValidationException", 400):
            call(**parameters, maxResults=1, nextToken=forged)
