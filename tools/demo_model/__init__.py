"""The demo model: a small Stable Diffusion 1.x checkpoint trained from nothing on pictures that this package draws."""
