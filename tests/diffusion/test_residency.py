import threading
from decimal import Decimal
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from diffusion.checkpoint import open_checkpoint
from diffusion.device import choose_device
from diffusion.errors import OutOfMemory, Stopped, UnreadableFile
from diffusion.files.folders import ModelFolders
from diffusion.handle import Applied, Blend, File, Patched, TextHandle
from diffusion.residency import Residency
from diffusion.slot import Slot

COMPONENTS = ("model", "text", "vae")
Q = "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q.weight"
K = "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_k.weight"


def lora(path: Path, modules: tuple[str, ...], seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    tensors = {}
    for module in modules:
        stem = f"lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_{module}"
        tensors[f"{stem}.lora_up.weight"] = torch.randn(16, 2, generator=generator)
        tensors[f"{stem}.lora_down.weight"] = torch.randn(2, 16, generator=generator)
        tensors[f"{stem}.alpha"] = torch.tensor(2.0)
    save_file(tensors, path)


@pytest.fixture(scope="module")
def folders(tmp_path_factory, tiny_tensors, tiny_metadata) -> ModelFolders:
    models = tmp_path_factory.mktemp("residency") / "models"
    for name in ("checkpoints", "loras"):
        (models / name).mkdir(parents=True)
    save_file(tiny_tensors(), models / "checkpoints" / "one.safetensors", tiny_metadata)
    save_file(tiny_tensors(seed=1), models / "checkpoints" / "two.safetensors", tiny_metadata)
    lora(models / "loras" / "a.safetensors", ("to_q",), 1)
    lora(models / "loras" / "b.safetensors", ("to_q", "to_k"), 2)
    return ModelFolders(models.parent)


@pytest.fixture(scope="module")
def one(folders):
    return open_checkpoint(folders, "one.safetensors")


@pytest.fixture(scope="module")
def two(folders):
    return open_checkpoint(folders, "two.safetensors")


@pytest.fixture
def residency(folders) -> Residency:
    return Residency(folders, choose_device("cpu"))


def applied(folders, name: str, strength: float) -> Applied:
    return Applied(folders.ref("loras", name), strength)


def state(residency: Residency, handle) -> dict[str, torch.Tensor]:
    with residency.resident(handle) as module:
        return {name: weight.clone() for name, weight in module.state_dict().items()}


def assert_same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> None:
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("component", COMPONENTS)
def test_a_resident_module_has_exactly_the_weights_of_its_file(residency, folders, one, component):
    handle = getattr(one, component)
    stored = load_file(folders.path("checkpoints", "one.safetensors"))
    targets = residency.targets(handle)
    with residency.resident(handle) as module:
        assert not module.training
        parameters = dict(module.named_parameters())
        assert len(parameters) == len(targets)
        for name, target in targets.items():
            weight = parameters[name.removeprefix("text_model.")]
            assert weight.dtype is torch.float32
            assert torch.equal(weight.flatten(), stored[target.file_name].float().flatten()), name
        assert not any(buffer.is_meta for buffer in module.buffers())


def test_the_modules_run(residency, one, tiny_configs):
    with torch.no_grad():
        with residency.resident(one.text) as text:
            hidden = text(input_ids=torch.arange(77)[None]).last_hidden_state
        with residency.resident(one.model) as unet:
            noise = unet(torch.randn(1, 4, 8, 8), torch.tensor(500.0), encoder_hidden_states=hidden).sample
        with residency.resident(one.vae) as vae:
            picture = vae.decode(noise).sample
    assert hidden.shape == (1, 77, tiny_configs["text"].width)
    assert noise.shape == (1, 4, 8, 8)
    assert picture.shape == (1, 3, 64, 64)
    assert torch.isfinite(picture).all()


def test_a_clone_changes_only_the_weights_its_adapters_change(residency, folders, one):
    base = state(residency, one.model)
    changed = state(residency, one.model.clone(applied(folders, "a.safetensors", 0.5)))
    assert [name for name in base if not torch.equal(base[name], changed[name])] == [Q]
    tensors = load_file(folders.path("loras", "a.safetensors"))
    up, down = (next(t for name, t in tensors.items() if role in name) for role in ("lora_up", "lora_down"))
    torch.testing.assert_close(changed[Q] - base[Q], 0.5 * up @ down, rtol=1e-5, atol=1e-5)


def test_going_back_to_the_base_is_bit_exact(residency, folders, one):
    base = state(residency, one.model)
    state(residency, one.model.clone(applied(folders, "b.safetensors", 0.7)))
    assert_same(state(residency, one.model), base)


@pytest.mark.parametrize("strength", [0.1, 0.7, 1.3])
def test_a_strength_and_its_opposite_leave_the_base_bit_for_bit(residency, folders, one, strength):
    base = state(residency, one.model)
    there = one.model.clone(applied(folders, "b.safetensors", strength), applied(folders, "a.safetensors", 0.4))
    and_back = there.clone(applied(folders, "a.safetensors", -0.4), applied(folders, "b.safetensors", -strength))
    assert_same(state(residency, and_back), base)


def test_strengths_add_up_as_the_numbers_that_were_written(residency, folders, one):
    parts = [applied(folders, "a.safetensors", 0.1) for _ in range(3)]
    whole = applied(folders, "a.safetensors", float(sum(Decimal("0.1") for _ in range(3))))
    assert_same(state(residency, one.model.clone(*parts)), state(residency, one.model.clone(whole)))


def test_two_handles_with_different_stacks_do_not_disturb_each_other(residency, folders, one):
    first = one.model.clone(applied(folders, "a.safetensors", 1.0))
    second = one.model.clone(applied(folders, "b.safetensors", -0.5))
    alone = [state(Residency(folders, choose_device("cpu")), handle) for handle in (first, second)]
    for _ in range(2):
        assert_same(state(residency, first), alone[0])
        assert_same(state(residency, second), alone[1])


def test_two_handles_may_be_resident_at_the_same_time(residency, folders, one):
    patched = one.model.clone(applied(folders, "b.safetensors", 1.0))
    with residency.resident(one.model) as base, residency.resident(patched) as changed:
        assert base is not changed
        assert not torch.equal(base.get_parameter(Q), changed.get_parameter(Q))
        with residency.resident(one.model) as again:
            assert again is base


def test_only_changed_weights_are_written(residency, folders, one):
    with residency.resident(one.model.clone(applied(folders, "a.safetensors", 1.0))):
        pass
    written = []
    with residency.resident(
        one.model.clone(applied(folders, "b.safetensors", 1.0), applied(folders, "a.safetensors", 1.0)),
        stop=lambda: written.append(1),
    ):
        assert len(written) == 2  # to_q has another stack, to_k has one now
    with residency.resident(one.model, stop=lambda: written.append(1)):
        assert len(written) == 4
    with residency.resident(one.model, stop=lambda: written.append(1)):
        assert len(written) == 4


def test_the_same_module_serves_all_stacks_over_a_file(residency, folders, one):
    with residency.resident(one.model) as module:
        pass
    held = residency.held()
    with residency.resident(one.model.clone(applied(folders, "a.safetensors", 1.0))) as other:
        assert other is module
    assert residency.held() == held


def test_a_blend_is_the_weighted_sum_and_block_ratios_win_by_the_longest_prefix(residency, one, two):
    first, second = state(residency, one.model), state(residency, two.model)
    ratios = (("", (0.25, 0.75)), ("down_blocks.0.", (0.0, 1.0)), ("down_blocks.0.attentions.", (1.0, 0.0)))
    blend = state(residency, one.model.__class__(Blend((one.model.weights, two.model.weights), ratios), "sd15"))
    for name in blend:
        ratio = 1.0 if name.startswith("down_blocks.0.attentions.") else 0.0 if "down_blocks.0." in name else 0.25
        torch.testing.assert_close(blend[name], ratio * first[name] + (1 - ratio) * second[name], rtol=1e-6, atol=1e-7)
    assert torch.equal(blend[Q], first[Q])


def test_adapters_on_a_blend_act_on_the_blend(residency, folders, one, two):
    blend = Blend((one.model.weights, two.model.weights), (("", (0.5, 0.5)),))
    bare = state(residency, one.model.__class__(blend, "sd15"))
    stack = (applied(folders, "a.safetensors", 1.0),)
    on_top = state(residency, one.model.__class__(Patched(blend, stack), "sd15"))
    below = Blend((Patched(one.model.weights, stack), two.model.weights), (("", (0.5, 0.5)),))
    half = state(residency, one.model.__class__(below, "sd15"))
    delta = state(residency, one.model.clone(*stack))[Q] - state(residency, one.model)[Q]
    torch.testing.assert_close(on_top[Q] - bare[Q], delta, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(half[Q] - bare[Q], delta / 2, rtol=1e-4, atol=1e-5)
    assert [name for name in bare if not torch.equal(bare[name], on_top[name])] == [Q]


def test_models_of_different_make_cannot_be_blended(residency, one):
    parts = (one.model.weights, File(one.vae.weights.file, "vae"))
    with (
        pytest.raises(UnreadableFile, match="cannot be merged"),
        residency.resident(one.model.__class__(Blend(parts, (("", (0.5, 0.5)),)), "sd15")),
    ):
        pass


def test_a_replaced_file_is_not_mistaken_for_the_old_one(tmp_path, tiny_tensors, tiny_metadata):
    path = tmp_path / "models" / "checkpoints" / "x.safetensors"
    path.parent.mkdir(parents=True)
    save_file(tiny_tensors(), path, tiny_metadata)
    folders = ModelFolders(tmp_path)
    residency = Residency(folders, choose_device("cpu"))
    old = open_checkpoint(folders, "x")
    before = state(residency, old.model)
    save_file(tiny_tensors(seed=1), path, tiny_metadata)
    after = open_checkpoint(folders, "x")
    assert after.model != old.model
    assert not torch.equal(state(residency, after.model)[Q], before[Q])
    with pytest.raises(UnreadableFile, match="was replaced since the workflow looked at it"):
        state(residency, old.text)


def test_a_checkpoint_without_a_text_encoder_says_so_when_it_is_asked_for(tmp_path, tiny_tensors, tiny_metadata):
    path = tmp_path / "models" / "checkpoints" / "x.safetensors"
    path.parent.mkdir(parents=True)
    tensors = {name: tensor for name, tensor in tiny_tensors().items() if not name.startswith("cond_stage")}
    save_file(tensors, path, tiny_metadata)
    folders = ModelFolders(tmp_path)
    residency, handles = Residency(folders, choose_device("cpu")), open_checkpoint(folders, "x")
    state(residency, handles.model)
    with pytest.raises(UnreadableFile, match=r"x\.safetensors has no text encoder"):
        state(residency, handles.text)


def test_within_a_budget_the_least_recently_used_model_goes(folders, one, two):
    probe = Residency(folders, choose_device("cpu"))
    sizes = {}
    for name in COMPONENTS:
        before = probe.held()
        state(probe, getattr(one, name))
        sizes[name] = probe.held() - before
    residency = Residency(folders, choose_device("cpu"), budget=sizes["model"] + sizes["vae"])
    state(residency, one.model)
    state(residency, one.vae)
    assert residency.held() == sizes["model"] + sizes["vae"]
    state(residency, two.vae)
    assert residency.held() == 2 * sizes["vae"]


def test_a_model_in_use_is_never_dropped(folders, one, two):
    residency = Residency(folders, choose_device("cpu"), budget=1)
    with residency.resident(one.model) as first, residency.resident(two.model) as second:
        assert not any(weight.is_meta for module in (first, second) for weight in module.parameters())
    state(residency, one.text)
    assert all(weight.is_meta for module in (first, second) for weight in module.parameters())


def test_before_a_large_model_is_built_text_encoders_are_dropped(folders, one, monkeypatch):
    residency = Residency(folders, choose_device("cpu"))
    with residency.resident(one.text) as text:
        pass
    monkeypatch.setattr("diffusion.residency.LARGE", 1)
    with residency.resident(one.model):
        assert all(weight.is_meta for weight in text.parameters())


def test_when_main_memory_is_short_other_consumers_are_asked_after_models_and_before_text_encoders(folders, one, two):
    residency = Residency(folders, choose_device("cpu"), budget=1)
    with residency.resident(one.model) as unet, residency.resident(one.text) as text:
        pass
    asked = []

    def free(size):
        asked.append((size, gone(unet), gone(text)))

    residency.add_consumer(free)
    with residency.resident(two.vae):
        assert asked == [(residency.held(), True, False)]
        assert gone(text)


def gone(module) -> bool:
    return all(weight.is_meta for weight in module.parameters())


def test_forgetting_gives_all_memory_back(residency, one):
    with residency.resident(one.model) as module:
        pass
    residency.forget()
    assert residency.held() == 0
    assert all(weight.is_meta for weight in module.parameters())
    assert not torch.equal(state(residency, one.model)[Q], torch.zeros(16, 16))


def test_stopping_takes_hold_before_the_next_block(residency, one):
    calls = []

    def stop():
        calls.append(1)
        if len(calls) == 3:
            raise Stopped("stopped")

    state(residency, one.model)
    with pytest.raises(Stopped), residency.resident(one.model, stop=stop) as unet, torch.no_grad():
        unet(torch.randn(1, 4, 8, 8), torch.tensor(1.0), encoder_hidden_states=torch.randn(1, 77, 32))
    assert len(calls) == 3
    assert not any(module._forward_pre_hooks for module in unet.modules())


def test_stopping_while_loading_leaves_nothing_half_done(residency, folders, one):
    whole = state(Residency(folders, choose_device("cpu")), one.model)
    remaining = [5]

    def stop():
        remaining[0] -= 1
        if not remaining[0]:
            raise Stopped("stopped")

    with pytest.raises(Stopped), residency.resident(one.model, stop=stop):
        pass
    assert residency.held() == 0
    assert_same(state(residency, one.model), whole)


def test_stopping_while_patching_leaves_nothing_half_done(residency, folders, one):
    base = state(residency, one.model)
    patched = one.model.clone(applied(folders, "b.safetensors", 1.0))
    remaining = [2]

    def stop():
        remaining[0] -= 1
        if not remaining[0]:
            raise Stopped("stopped")

    with pytest.raises(Stopped), residency.resident(patched, stop=stop):
        pass
    assert_same(state(residency, one.model), base)


def test_out_of_memory_while_running_releases_others_and_tries_once_more(residency, one):
    state(residency, one.text)
    attempts = []

    def work(module):
        attempts.append(residency.held())
        if len(attempts) == 1:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")
        return "done"

    assert residency.run(one.vae, work) == "done"
    assert len(attempts) == 2
    assert attempts[1] < attempts[0]


@pytest.mark.parametrize("failures", [1, 2, 9])
def test_out_of_memory_while_loading_releases_others_and_tries_once_more(residency, one, monkeypatch, failures):
    state(residency, one.text)
    held, write = [], Slot.write

    def short_of_memory(slot, *rest):
        held.append(residency.held())
        if len(held) <= failures:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")
        return write(slot, *rest)

    monkeypatch.setattr(Slot, "write", short_of_memory)
    if failures == 1:
        assert residency.run(one.vae, lambda module: "done") == "done"
    else:
        with pytest.raises(OutOfMemory, match="loading a model"):
            residency.run(one.vae, lambda module: "done")
    assert len(held) == 2
    assert held[1] < held[0]


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory."),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 99 bytes."),
        RuntimeError("MPS backend out of memory (MPS allocated: 5.00 GB)"),
        MemoryError(),
    ],
)
def test_out_of_memory_is_one_sentence_and_the_next_run_goes_on(residency, one, error):
    def work(module):
        raise error

    with pytest.raises(OutOfMemory, match=r"^Not enough main memory for running the VAE\. Try a smaller picture"):
        residency.run(one.vae, work)
    assert residency.run(one.vae, lambda module: "done") == "done"


def test_other_errors_pass_through_untouched(residency, one):
    with pytest.raises(RuntimeError, match=r"^shape mismatch$"), residency.resident(one.vae):
        raise RuntimeError("shape mismatch")


def test_two_threads_never_see_each_others_weights(residency, folders, one):
    patched = one.model.clone(applied(folders, "b.safetensors", 1.0))
    expected = {handle: state(residency, handle)[Q] for handle in (one.model, patched)}
    wrong = []

    def work(handle):
        for _ in range(10):
            with residency.resident(handle) as module:
                if not torch.equal(module.get_parameter(Q), expected[handle]):
                    wrong.append(handle)

    threads = [threading.Thread(target=work, args=(handle,)) for handle in expected]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_the_configuration_and_the_space_come_from_the_header_alone(residency, one, tiny_configs):
    assert residency.config(one.model) == tiny_configs["model"]
    assert residency.config(one.text) == tiny_configs["text"]
    assert residency.space(one.vae).scale == 0.18215
    assert residency.held() == 0


def test_clip_skip_changes_no_weights(residency, one):
    skipping = TextHandle(one.text.weights, one.text.family, skip=1)
    with residency.resident(one.text) as module, residency.resident(skipping) as other:
        assert module is other
