"""Backbones by Graft's names, as PyTorch's users get them, with a new head."""

from torch import nn


def build(name, classes=None):
    """A model under its ImageNet head, or with a new one for `classes` classes."""
    if name.startswith('efficientnet_lite'):
        from efficientnet_lite_pytorch import EfficientNet

        model = EfficientNet.from_name(name.replace('_', '-'))
        if classes is not None:
            model._fc = nn.Linear(model._fc.in_features, classes)
        return model
    from torchvision import models

    model = getattr(models, name)(weights=None)
    if classes is not None:
        if hasattr(model, 'fc'):
            model.fc = nn.Linear(model.fc.in_features, classes)
        else:
            model.classifier[-1] = nn.Linear(model.classifier[-1].in_features, classes)
    return model


def head_of(model):
    for name in ('fc', '_fc'):
        if hasattr(model, name):
            return getattr(model, name)
    return model.classifier[-1]


def prepare(options, classes):
    """The model to train: pretrained if weights were given, frozen up to the head if asked for."""
    model = build(options.model, classes)
    if options.weights:
        from safetensors.torch import load_file

        own = model.state_dict()
        state = {name: x for name, x in load_file(options.weights).items() if name in own and own[name].shape == x.shape}
        model.load_state_dict(state, strict=False)
    if options.mode == 'freeze':
        for parameter in model.parameters():
            parameter.requires_grad = False
        for parameter in head_of(model).parameters():
            parameter.requires_grad = True
    return model
