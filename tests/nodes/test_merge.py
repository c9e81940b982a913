from nodes.merge import (
    add_models,
    add_text_encoders,
    merge_models,
    merge_models_by_block,
    merge_text_encoders,
    subtract_models,
    subtract_text_encoders,
)


def ratios(handle) -> dict:
    return dict(handle.weights.ratios)


def test_models_are_mixed_by_the_first_ones_share(checkpoint):
    merged = merge_models(checkpoint.model, checkpoint.model, 0.25)
    assert merged.weights.parts == (checkpoint.model.weights,) * 2
    assert ratios(merged) == {"": (0.25, 0.75)}


def test_a_difference_is_added(checkpoint):
    model = checkpoint.model
    merged = add_models(model, subtract_models(model, model, 0.5))
    assert ratios(merged) == {"": (1.0, 1.0)}
    assert dict(merged.weights.parts[1].ratios) == {"": (0.5, -0.5)}


def test_each_part_of_the_network_takes_its_share(checkpoint):
    found = ratios(merge_models_by_block(checkpoint.model, checkpoint.model, 1.0, 0.5, 0.0))
    assert (found[""], found["mid_block."], found["up_blocks."]) == ((1.0, 0.0), (0.5, 0.5), (0.0, 1.0))


def test_text_encoders_are_mixed_added_and_subtracted(checkpoint):
    clip = checkpoint.clip
    assert ratios(merge_text_encoders(clip, clip, 0.4)) == {"": (0.4, 0.6)}
    assert ratios(add_text_encoders(clip, clip)) == {"": (1.0, 1.0)}
    assert ratios(subtract_text_encoders(clip, clip, 2.0)) == {"": (2.0, -2.0)}
