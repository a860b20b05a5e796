"""The transfer learning tutorial's script as people write it, timed: ImageFolder, RandomResizedCrop + flip, no workers.

Prints one line of JSON an epoch: {"epoch", "imagesPerSecond", "loss"}.
"""

import argparse
import json
import time

import torch
from torch import nn, optim
from torchvision import datasets, models, transforms

parser = argparse.ArgumentParser()
parser.add_argument('data')
parser.add_argument('--model', required=True)
parser.add_argument('--mode', choices=['freeze', 'fine-tune'], required=True)
parser.add_argument('--epochs', type=int, default=2)
parser.add_argument('--batch', type=int, default=16)
options = parser.parse_args()

train_transform = transforms.Compose([
    transforms.RandomResizedCrop(224),
    transforms.RandomHorizontalFlip(),
    transforms.ToTensor(),
    transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
])
dataset = datasets.ImageFolder(f'{options.data}/train', train_transform)
loader = torch.utils.data.DataLoader(dataset, batch_size=options.batch, shuffle=True, num_workers=0)

torch.manual_seed(0)
model = getattr(models, options.model)(weights=None)
if options.mode == 'freeze':
    for parameter in model.parameters():
        parameter.requires_grad = False
if hasattr(model, 'fc'):
    model.fc = nn.Linear(model.fc.in_features, len(dataset.classes))
else:
    model.classifier[-1] = nn.Linear(model.classifier[-1].in_features, len(dataset.classes))
trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
optimizer = optim.SGD(trained, lr=0.001, momentum=0.9)
criterion = nn.CrossEntropyLoss()
model.train()
for epoch in range(1, options.epochs + 1):
    started = time.time()
    total = 0.0
    for inputs, labels in loader:
        optimizer.zero_grad()
        loss = criterion(model(inputs), labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * inputs.size(0)
    seconds = time.time() - started
    print(json.dumps({'epoch': epoch, 'imagesPerSecond': len(dataset) / seconds, 'loss': total / len(dataset)}), flush=True)
