"""The DAGs as Airflow reads them."""

from importlib import import_module
from types import ModuleType

import pytest

from tools import dag_docs


@pytest.fixture(scope="module")
def bag():
    with dag_docs.read_dags() as bag:
        yield bag


# Imported only now, like the DAGs: Airflow reads its settings at that moment.
@pytest.fixture(scope="module")
def flow_policy(bag) -> ModuleType:
    return import_module("cchc.flow.policy")


@pytest.fixture(scope="module")
def notifier(bag) -> ModuleType:
    return import_module("cchc.flow.notifier")
