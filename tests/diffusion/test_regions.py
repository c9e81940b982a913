import torch
from torch import Tensor

from diffusion.conditioning import Area, Cond, Conditioning
from diffusion.latent import SD15_SPACE
from diffusion.regions import Region, Window, regions
from diffusion.sigmas import scaled_linear

TRAINED = scaled_linear()
X = torch.zeros(2, 4, 16, 32)  # 128 × 256 pixels


def cond(mark: float = 0.0, **bounds: object) -> Cond:
    return Cond(torch.full((1, 3, 2), mark), **bounds)


def prepare(*positive: Cond, negative: tuple[Cond, ...] = ()) -> list[list[Region]]:
    return regions([Conditioning(positive), Conditioning(negative)], X, SD15_SPACE, TRAINED)


def only(*positive: Cond) -> Region:
    [region] = prepare(*positive)[0]
    return region


def mark(region: Region) -> float:
    return float(region.embeds.flatten()[0])


def test_without_bounds_an_entry_acts_everywhere_alike():
    region = only(cond())
    assert region.window == Window(0, 0, 16, 32)
    assert (region.weight == 1).all()


def test_an_area_in_pixels_is_an_eighth_of_it_in_the_latent():
    assert only(cond(area=Area(x=64, y=32, width=128, height=64))).window == Window(4, 8, 8, 16)


def test_a_relative_area_is_a_share_of_the_latent():
    area = Area(x=0.5, y=0.25, width=0.5, height=0.75, relative=True)
    assert only(cond(area=area)).window == Window(4, 16, 12, 16)


def test_an_area_beyond_the_picture_is_cut_off():
    assert only(cond(area=Area(x=192, y=0, width=512, height=512))).window == Window(0, 24, 16, 8)


def test_an_area_smaller_than_a_latent_pixel_is_one():
    assert only(cond(area=Area(x=8, y=16, width=4, height=4))).window == Window(2, 1, 1, 1)


def test_an_area_fades_in_where_it_does_not_touch_the_edge():
    region = only(cond(area=Area(x=64, y=0, width=192, height=128)))
    along = region.weight[0, 0, 8]
    torch.testing.assert_close(along[:6], torch.arange(1, 7) / 6)
    assert (along[6:] == 1).all()


def test_a_mask_weighs_and_does_not_fade():
    mask = torch.zeros(1, 128, 256)
    mask[:, :, 128:] = 1
    region = only(cond(mask=mask, mask_strength=0.5, strength=2.0))
    assert region.window == Window(0, 0, 16, 32)
    assert region.weight[0, 0, 0].tolist() == [0.0] * 16 + [1.0] * 16


def test_a_masks_bounds_can_be_its_area():
    mask = torch.zeros(1, 128, 256)
    mask[:, 40:112, 128:240] = 1
    assert only(cond(mask=mask, mask_bounds=True)).window == Window(5, 16, 9, 14)


def test_the_bounds_of_an_empty_mask_are_the_smallest_area():
    assert only(cond(mask=torch.zeros(1, 128, 256), mask_bounds=True)).window == Window(0, 0, 8, 8)


def test_each_area_is_met_by_the_other_prompt_with_the_same_bounds():
    area = Area(x=0, y=0, width=128, height=128)
    _, negative = prepare(cond(1), cond(2, area=area, strength=0.5), negative=(cond(3),))
    assert [mark(region) for region in negative] == [3, 3]
    assert negative[1].window == Window(0, 0, 16, 16)
    assert float(negative[1].weight.max()) == 0.5


def test_an_area_is_met_from_the_smallest_entry_around_it():
    small, large = Area(0, 0, 128, 64), Area(0, 0, 192, 128)
    _, negative = prepare(cond(1, area=small), negative=(cond(3), cond(4, area=large)))
    assert [mark(region) for region in negative] == [3, 4, 4]


def test_an_area_that_is_already_met_is_left():
    area = Area(0, 0, 128, 64)
    _, negative = prepare(cond(1, area=area), negative=(cond(3), cond(4, area=area)))
    assert len(negative) == 2


def test_a_prompt_without_entries_stays_without():
    assert prepare(cond(1, area=Area(0, 0, 64, 64)))[1] == []


def test_a_batch_of_masks_is_told_apart():
    masks = torch.stack([torch.zeros(128, 256), torch.ones(128, 256)])
    weight: Tensor = only(cond(mask=masks)).weight
    assert weight.shape == (2, 1, 16, 32)
    assert [float(each.max()) for each in weight] == [0.0, 1.0]
