"""What every peer shares: its options, and the lines of JSON that it prints."""

import argparse
import json
import sys


def parse_options():
    parser = argparse.ArgumentParser()
    parser.add_argument('data', help='folder with train/class/… and val/class/…')
    parser.add_argument('--model', required=True, help="Graft's name of the backbone")
    parser.add_argument('--mode', choices=['freeze', 'fine-tune'], required=True)
    parser.add_argument('--size', type=int, required=True, help='side of the input in pixels')
    parser.add_argument('--epochs', type=int, required=True)
    parser.add_argument('--batch', type=int, required=True)
    parser.add_argument('--threads', type=int, required=True)
    parser.add_argument('--lr', type=float, default=0.001)
    parser.add_argument('--weights', help='pretrained weights as safetensors, by torchvision names; random ones unless given')
    parser.add_argument('--validate', action='store_true', help='validate after each epoch, as the tutorial does')
    return parser.parse_args()


def say(event, **values):
    print(json.dumps({'event': event, **values}), flush=True)


def say_end(version):
    say('end', peakMemoryBytes=peak_memory_bytes(), version=version)


def peak_memory_bytes():
    """Highest resident memory of this process so far; null where the platform doesn't tell."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == 'darwin' else peak * 1024
