"""Writes freshly initialised weights of a backbone: weights.py MODEL FILE.safetensors

Batch norm's statistics are those of noise. As they are initialised they would let activations fade layer by layer, to
values that no trained network has and that some kernels are slow with.
"""

import sys

import torch
from safetensors.torch import save_file
from torch import nn

from torch_models import build

torch.manual_seed(0)
model = build(sys.argv[1])
for module in model.modules():
    if isinstance(module, nn.BatchNorm2d):
        module.momentum = None  # The plain mean over all batches.
model.train()
with torch.no_grad():
    for _ in range(2):
        model(torch.randn(8, 3, 224, 224))
state = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
save_file(state, sys.argv[2])
