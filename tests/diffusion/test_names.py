import subprocess
import sys

from diffusion.names import SAMPLERS, SCHEDULES
from diffusion.samplers.sampler import sampler
from diffusion.schedules import schedule


def test_every_name_is_a_function_of_that_name():
    for name in SAMPLERS:
        assert callable(sampler(name))
    for name in SCHEDULES:
        assert schedule(name).__name__ == name


def test_listing_names_imports_no_torch():
    code = "import sys, diffusion.names; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
