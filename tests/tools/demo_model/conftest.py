"""The shipped model, loaded once."""

from pathlib import Path

import pytest
import torch

from tools.demo_model.evaluate import CHECKPOINT
from tools.demo_model.manifest import MODELS
from tools.demo_model.sampler import DemoModel


@pytest.fixture(scope="session")
def demo() -> DemoModel:
    return DemoModel(MODELS / CHECKPOINT)


@pytest.fixture(autouse=True)
def one_thread():
    """These tensors are small: on a busy machine two threads are slower than one."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def models() -> Path:
    return MODELS
