"""Samplers: from noise at ``sigmas[0]`` to a picture at ``sigmas[-1]``, each a function to lay beside its paper.

They know no network and no prompt, only a denoiser. `diffusion.names` says which file holds which.
"""
