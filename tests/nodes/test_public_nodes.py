"""What files made elsewhere rely on: ids, the names and the order of inputs, and what comes out."""

from pathlib import Path

import pytest

from graph.spec import Choice, Input, Options, Range, Seed, Text
from nodes import builtin

SPECS = {function.node_type.spec.name: function.node_type.spec for function in builtin()}
WIDGETS = (Path(__file__).parent / "public_widgets.txt").read_text().splitlines()
TABLE = """
LatentUpscale: samples upscale_method width height crop -> LATENT
LatentUpscaleBy: samples upscale_method scale_by -> LATENT
LatentComposite: samples_to samples_from x y feather -> LATENT
LatentCompositeMasked: destination source x y resize_source mask -> LATENT
LatentBlend: samples1 samples2 blend_factor -> LATENT
LatentFromBatch: samples batch_index length -> LATENT
RepeatLatentBatch: samples amount -> LATENT
LatentBatch: samples1 samples2 -> LATENT
LatentRotate: samples rotation -> LATENT
LatentFlip: samples flip_method -> LATENT
LatentCrop: samples width height x y -> LATENT
SetLatentNoiseMask: samples mask -> LATENT
ModelMergeSimple: model1 model2 ratio -> MODEL
ModelMergeAdd: model1 model2 -> MODEL
ModelMergeSubtract: model1 model2 multiplier -> MODEL
ModelMergeBlocks: model1 model2 input middle out -> MODEL
CLIPMergeSimple: clip1 clip2 ratio -> CLIP
CLIPMergeAdd: clip1 clip2 -> CLIP
CLIPMergeSubtract: clip1 clip2 multiplier -> CLIP
SamplerCustom: model positive negative sampler sigmas latent_image add_noise noise_seed cfg -> LATENT LATENT
SamplerCustomAdvanced: noise guider sampler sigmas latent_image -> LATENT LATENT
KSamplerSelect: sampler_name -> SAMPLER
RandomNoise: noise_seed -> NOISE
DisableNoise:  -> NOISE
BasicScheduler: model scheduler steps denoise -> SIGMAS
KarrasScheduler: steps sigma_max sigma_min rho -> SIGMAS
ExponentialScheduler: steps sigma_max sigma_min -> SIGMAS
PolyexponentialScheduler: steps sigma_max sigma_min rho -> SIGMAS
LaplaceScheduler: steps sigma_max sigma_min mu beta -> SIGMAS
VPScheduler: steps beta_d beta_min eps_s -> SIGMAS
SDTurboScheduler: model steps denoise -> SIGMAS
BetaSamplingScheduler: model steps alpha beta -> SIGMAS
AlignYourStepsScheduler: model_type steps denoise -> SIGMAS
SplitSigmas: sigmas step -> SIGMAS SIGMAS
SplitSigmasDenoise: sigmas denoise -> SIGMAS SIGMAS
FlipSigmas: sigmas -> SIGMAS
BasicGuider: model conditioning -> GUIDER
CFGGuider: model positive negative cfg -> GUIDER
DualCFGGuider: model cond1 cond2 negative cfg_conds cfg_cond2_negative style -> GUIDER
PerpNegGuider: model positive negative empty_conditioning cfg neg_scale -> GUIDER
PerpNeg: model empty_conditioning neg_scale -> MODEL
RescaleCFG: model multiplier -> MODEL
ModelSamplingDiscrete: model sampling zsnr -> MODEL
HypernetworkLoader: model hypernetwork_name strength -> MODEL
FreeU: model b1 b2 s1 s2 -> MODEL
FreeU_V2: model b1 b2 s1 s2 -> MODEL
CheckpointSave: model clip vae filename_prefix dtype
ModelSave: model filename_prefix dtype
CLIPSave: clip filename_prefix dtype
VAESave: vae filename_prefix dtype
UNETLoader: unet_name weight_dtype -> MODEL
CLIPLoader: clip_name type device -> CLIP
UpscaleModelLoader: model_name -> UPSCALE_MODEL
ImageUpscaleWithModel: upscale_model image -> IMAGE
ConditioningCombine: conditioning_1 conditioning_2 -> CONDITIONING
ConditioningConcat: conditioning_to conditioning_from -> CONDITIONING
ConditioningAverage: conditioning_to conditioning_from conditioning_to_strength -> CONDITIONING
ConditioningSetArea: conditioning width height x y strength -> CONDITIONING
ConditioningSetAreaPercentage: conditioning width height x y strength -> CONDITIONING
ConditioningSetAreaStrength: conditioning strength -> CONDITIONING
ConditioningSetMask: conditioning mask strength set_cond_area -> CONDITIONING
ConditioningSetTimestepRange: conditioning start end -> CONDITIONING
ConditioningZeroOut: conditioning -> CONDITIONING
ControlNetLoader: control_net_name -> CONTROL_NET
ControlNetApply: conditioning control_net image strength -> CONDITIONING
VAEDecodeTiled: samples vae tile_size overlap temporal_size temporal_overlap -> IMAGE
VAEEncodeTiled: pixels vae tile_size overlap temporal_size temporal_overlap -> LATENT
VAEEncodeForInpaint: pixels vae mask grow_mask_by -> LATENT
InpaintModelConditioning: positive negative vae pixels mask noise_mask -> CONDITIONING CONDITIONING LATENT
ImageScale: image upscale_method width height crop -> IMAGE
ImageScaleBy: image upscale_method scale_by -> IMAGE
ImageScaleToTotalPixels: image upscale_method megapixels resolution_steps -> IMAGE
ImageInvert: image -> IMAGE
ImageBatch: image1 image2 -> IMAGE
ImageCrop: image width height x y -> IMAGE
ImagePadForOutpaint: image left top right bottom feathering -> IMAGE MASK
ImageCompositeMasked: destination source x y resize_source mask -> IMAGE
EmptyImage: width height batch_size color -> IMAGE
ImageBlend: image1 image2 blend_factor blend_mode -> IMAGE
ImageBlur: image blur_radius sigma -> IMAGE
ImageSharpen: image sharpen_radius sigma alpha -> IMAGE
ImageQuantize: image colors dither -> IMAGE
Canny: image low_threshold high_threshold -> IMAGE
LoadImageMask: image channel -> MASK
SolidMask: value width height -> MASK
InvertMask: mask -> MASK
CropMask: mask x y width height -> MASK
MaskComposite: destination source x y operation -> MASK
FeatherMask: mask left top right bottom -> MASK
GrowMask: mask expand tapered_corners -> MASK
ThresholdMask: mask value -> MASK
MaskToImage: mask -> IMAGE
ImageToMask: image channel -> MASK
ImageColorToMask: image color -> MASK
StringConcatenate: string_a string_b delimiter -> STRING
StringSubstring: string start end -> STRING
StringLength: string -> INT
CaseConverter: string mode -> STRING
StringTrim: string mode -> STRING
StringReplace: string find replace -> STRING
StringContains: string substring case_sensitive -> BOOLEAN
StringCompare: string_a string_b mode case_sensitive -> BOOLEAN
RegexMatch: string regex_pattern case_insensitive multiline dotall -> BOOLEAN
RegexExtract: string regex_pattern mode case_insensitive multiline dotall group_index -> STRING
RegexReplace: string regex_pattern replace case_insensitive multiline dotall count -> STRING
"""


@pytest.mark.parametrize("row", TABLE.strip().splitlines(), ids=lambda row: row.partition(":")[0])
def test_a_public_node_has_its_public_shape(row):
    name, _, shape = row.partition(": ")
    inputs, _, outputs = shape.partition(" -> ")
    assert [declared.name for declared in SPECS[name].inputs] == inputs.split()
    assert [output.socket for output in SPECS[name].outputs] == outputs.split()


def shown(declared: Input) -> str:
    """A widget as the file has it: its default, its bounds or options, or what it lists."""
    widget, default = declared.widget, declared.default
    match widget:
        case Range(low, high):
            text = f"{declared.name}={default:.10g}[{low:.20g}..{high:.20g}]"
        case Options(values):
            text = f"{declared.name}={default}({'|'.join(map(str, values))})"
        case Seed():
            text = f"{declared.name}={default}(seed)"
        case Choice(source):
            text = f"{declared.name}({source})"
        case _:
            text = f"{declared.name}={default!r}"
    return text.replace(" ", "_")


@pytest.mark.parametrize("row", WIDGETS, ids=lambda row: row.partition(":")[0])
def test_a_public_node_has_its_public_defaults_bounds_and_options(row):
    """Laid beside public listings of node definitions by hand; see docs/fidelity.md."""
    name, _, widgets = row.partition(": ")
    plain = [declared for declared in SPECS[name].inputs if declared.plain and not isinstance(declared.widget, Text)]
    assert [shown(declared) for declared in plain] == widgets.split()
