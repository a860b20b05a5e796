"""The transfer learning tutorial's script as people write it: ImageFolder, RandomResizedCrop + flip, no workers."""

import time

import torch
from torch import nn, optim
from torchvision import datasets, transforms

from protocol import parse_options, say, say_end
from torch_models import prepare

options = parse_options()
torch.set_num_threads(options.threads)
torch.manual_seed(0)

normalize = transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
train_transform = transforms.Compose([
    transforms.RandomResizedCrop(options.size),
    transforms.RandomHorizontalFlip(),
    transforms.ToTensor(),
    normalize,
])
val_transform = transforms.Compose([
    transforms.Resize(options.size * 256 // 224),
    transforms.CenterCrop(options.size),
    transforms.ToTensor(),
    normalize,
])


def load(split, transform, shuffle):
    dataset = datasets.ImageFolder(f'{options.data}/{split}', transform)
    return dataset, torch.utils.data.DataLoader(dataset, batch_size=options.batch, shuffle=shuffle, num_workers=0)


train_set, train_loader = load('train', train_transform, True)
model = prepare(options, len(train_set.classes))
optimizer = optim.SGD([x for x in model.parameters() if x.requires_grad], lr=options.lr, momentum=0.9)
criterion = nn.CrossEntropyLoss()

for epoch in range(1, options.epochs + 1):
    started = time.perf_counter()
    model.train()
    total = 0.0
    for inputs, labels in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(inputs), labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * inputs.size(0)
    seconds = time.perf_counter() - started
    accuracy = None
    if options.validate:
        val_set, val_loader = load('val', val_transform, False)
        model.eval()
        hits = 0
        with torch.no_grad():
            for inputs, labels in val_loader:
                hits += (model(inputs).argmax(1) == labels).sum().item()
        accuracy = hits / len(val_set)
    say('epoch', epoch=epoch, images=len(train_set), seconds=seconds, loss=total / len(train_set), valAccuracy=accuracy)
say_end(f'PyTorch {torch.__version__}')
