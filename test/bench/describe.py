"""Says in one line of JSON which frameworks an interpreter has, by version; null for what is missing. Imports none of them."""

import json
import platform
from importlib import metadata


def version_of(*distributions):
    for distribution in distributions:
        try:
            return metadata.version(distribution)
        except metadata.PackageNotFoundError:
            continue
    return None


print(json.dumps({
    'python': platform.python_version(),
    'torch': version_of('torch'),
    'torchvision': version_of('torchvision'),
    'safetensors': version_of('safetensors'),
    'efficientnetLite': version_of('efficientnet-lite-pytorch'),
    'keras': version_of('keras'),
    'tensorflow': version_of('tensorflow-cpu', 'tensorflow'),
}))
