"""Writes freshly initialised weights of a backbone: weights.py MODEL FILE.safetensors"""

import sys

from safetensors.torch import save_file

from torch_models import build

state = {name: tensor.contiguous() for name, tensor in build(sys.argv[1]).state_dict().items()}
save_file(state, sys.argv[2])
