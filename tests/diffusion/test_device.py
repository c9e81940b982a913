import pytest
import torch

from diffusion.device import choose_device, is_out_of_memory, speaking_of_memory
from diffusion.errors import DiffusionError, OutOfMemory


def test_auto_is_the_fastest_device_there_is():
    expected = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    assert choose_device().place.type == expected


def test_everything_runs_in_full_precision_on_a_cpu():
    assert set(choose_device("cpu").dtypes.values()) == {torch.float32}


@pytest.mark.parametrize(("name", "dtype"), [("fp16", torch.float16), ("bf16", torch.bfloat16)])
def test_a_number_format_can_be_asked_for(name, dtype):
    assert choose_device("cpu", name).dtypes == dict.fromkeys(("model", "text", "vae", "control"), dtype)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("gpu", "no kind of device"),
        ("cuda:99", "no device cuda:99"),
        ("meta", "not supported"),
        ("xpu", "not supported"),
    ],
)
def test_a_device_that_is_not_there_is_refused_with_what_to_use(name, sentence):
    with pytest.raises(DiffusionError, match=sentence):
        choose_device(name)


def test_a_number_format_that_is_none_is_refused():
    with pytest.raises(DiffusionError, match="no number format called 'int3'"):
        choose_device("cpu", "int3")


def test_the_description_names_device_formats_and_versions():
    description = choose_device("cpu").describe()
    assert description["device"].startswith("cpu")
    assert description["number formats"] == "model fp32, text fp32, vae fp32, control fp32"
    assert description["torch"] == torch.__version__
    assert all(isinstance(text, str) and text for text in description.values())


def test_free_main_memory_is_known_and_no_more_than_a_containers_limit(tmp_path, monkeypatch):
    device = choose_device("cpu")
    free = device.free_memory()
    assert free is None or free > 0
    (tmp_path / "memory.max").write_text("1000\n")
    (tmp_path / "memory.current").write_text("400\n")
    monkeypatch.setattr("diffusion.device.CONTROL_GROUP", tmp_path)
    assert device.free_memory() == 600
    (tmp_path / "memory.max").write_text("max\n")
    assert device.free_memory() != 600


def test_releasing_memory_is_always_possible():
    choose_device("cpu").release()


def test_a_real_allocation_that_cannot_succeed_becomes_one_sentence():
    with (
        pytest.raises(OutOfMemory, match=r"^Not enough main memory for a test\. Try"),
        speaking_of_memory(torch.device("cpu"), "a test"),
    ):
        torch.empty(1 << 60, dtype=torch.uint8)


def test_other_failures_are_not_mistaken_for_full_memory():
    assert not is_out_of_memory(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    assert not is_out_of_memory(ValueError("out of memory"))


def test_a_sentence_on_memory_is_not_said_twice():
    cpu = torch.device("cpu")
    with (
        pytest.raises(OutOfMemory, match="for the inner thing"),
        speaking_of_memory(cpu, "the outer thing"),
        speaking_of_memory(cpu, "the inner thing"),
    ):
        raise MemoryError
