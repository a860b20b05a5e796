"""PyTorch float32 at its best on a processor: channels-last, batch norm's statistics fixed, the batch at hand, no loading."""

import time
from pathlib import Path

import torch
from torch import nn, optim

from protocol import parse_options, say, say_end
from torch_models import head_of, prepare

options = parse_options()
torch.set_num_threads(options.threads)
torch.manual_seed(0)

folders = [folder for folder in sorted(Path(options.data, 'train').iterdir()) if folder.is_dir()]
count = sum(1 for folder in folders for _ in folder.iterdir())
model = prepare(options, len(folders)).to(memory_format=torch.channels_last).eval()
optimizer = optim.SGD([x for x in model.parameters() if x.requires_grad], lr=options.lr, momentum=0.9)
criterion = nn.CrossEntropyLoss()

pictures = torch.randn(options.batch, 3, options.size, options.size).to(memory_format=torch.channels_last)
labels = torch.arange(options.batch) % len(folders)

if options.mode == 'freeze':
    head = head_of(model)
    held = []
    head.register_forward_pre_hook(lambda module, inputs: held.append(inputs[0]))

    def logits_of(inputs):
        # The backbone leaves no trace for gradients; the head then runs once more, on its features.
        with torch.no_grad():
            model(inputs)
        return nn.functional.linear(held.pop(), head.weight, head.bias)
else:
    logits_of = model

sizes = [min(options.batch, count - start) for start in range(0, count, options.batch)]
for epoch in range(1, options.epochs + 1):
    started = time.perf_counter()
    for size in sizes:
        optimizer.zero_grad(set_to_none=True)
        loss = criterion(logits_of(pictures[:size]), labels[:size])
        loss.backward()
        optimizer.step()
        loss.item()
    seconds = time.perf_counter() - started
    say('epoch', epoch=epoch, images=count, seconds=seconds, loss=loss.item(), valAccuracy=None)
say_end(f'PyTorch {torch.__version__}')
