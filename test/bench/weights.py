"""Writes freshly initialised torchvision weights for the benchmark: weights.py MODEL FILE.safetensors"""

import sys

from safetensors.torch import save_file
from torchvision import models

model = getattr(models, sys.argv[1])(weights=None)
state = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
save_file(state, sys.argv[2])
