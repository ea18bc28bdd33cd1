"""Train one network twice, with cross-entropy and with divergence, and compare all parameters.

The chapter on training losses runs this on the handwritten digits that scikit-learn holds.
With the folder of the binary version of CIFAR-10, from
https://www.cs.toronto.edu/~kriz/cifar.html, it runs on those images:

    python book/experiments/train_twice.py cifar-10-batches-bin --epochs 6
"""

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from sklearn.datasets import load_digits

import refimpl

CLASSES = 10
CIFAR_SHAPE = (3, 32, 32)  # in the file: all red values of an image, then green, then blue
BATCH, RATE, MOMENTUM = 32, 0.1, 0.9
AT_ONCE = 2048  # images for which logits are computed at a time, to save memory

jax.config.update("jax_platforms", "cpu")  # the same numbers on every machine, or nearly so


class Data(NamedTuple):
    """Images of shape (n, height, width, colours) with values in [0, 1], and their classes."""

    images: Any
    classes: Any
    test_images: Any
    test_classes: Any


class Setting(NamedTuple):
    """What is minimised: the loss of the labels plus, if wanted, a consistency loss."""

    divergence: bool  # KL(p ‖ q) instead of the cross-entropy H(p, q), in both losses
    smoothing: float = 0.0  # share of the uniform law in the labels
    consistency: float = 0.0  # weight of the loss between an image and the shifted image
    detached: bool = True  # whether the prediction for the image is a constant there


class Run(NamedTuple):
    """What was measured after each epoch, the start included."""

    parameters: Any  # all in one row
    loss: Any  # mean over the training images
    accuracy: Any  # share of the test images whose likeliest class is right
    entropy: Any  # mean entropy of the predictions for the test images, in nats
    floor: Any  # mean entropy of the targets, weighted like the losses


def digits() -> Data:
    """Return the 1,797 digits of scikit-learn, a fifth of them for testing."""
    found = load_digits()
    images, classes = found.images[..., None] / 16, found.target
    order = np.random.default_rng(0).permutation(len(images))
    train, test = np.split(order, [len(order) * 4 // 5])
    return Data(images[train], classes[train], images[test], classes[test])


def read_cifar10(file: Path) -> tuple[Any, Any]:
    """Read records of one byte for the class and 3,072 bytes for the colours."""
    size = int(np.prod(CIFAR_SHAPE))
    raw = np.fromfile(file, dtype=np.uint8)
    if not raw.size or raw.size % (1 + size):
        raise ValueError(f"{file} holds {raw.size} bytes; give a multiple of {1 + size}, not 0")
    records = raw.reshape(-1, 1 + size)
    if records[:, 0].max() >= CLASSES:
        raise ValueError(f"{file} has a class {records[:, 0].max()}; give classes below {CLASSES}")
    images = records[:, 1:].reshape(-1, *CIFAR_SHAPE).transpose(0, 2, 3, 1) / 255
    return images, records[:, 0].astype(int)


def cifar10(folder: Path) -> Data:
    """Read all training files of a folder, and its test file."""
    files = sorted(folder.glob("data_batch_*.bin"))
    if not files:
        raise ValueError(f"no data_batch_*.bin in {folder}; give the folder of the binary version")
    parts = [read_cifar10(file) for file in files]
    images, classes = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return Data(images, classes, *read_cifar10(folder / "test_batch.bin"))


def initial(seed: int, shape: Sequence[int], channels: Sequence[int] = (8, 16)) -> dict[str, Any]:
    """Draw the parameters: two convolutions of 3 × 3 pixels, and a linear layer."""
    rng = np.random.default_rng(seed)
    height, width, colours = shape
    first, second = channels
    shapes = {
        "first": (3, 3, colours, first),
        "second": (3, 3, first, second),
        "linear": (height // 4 * (width // 4) * second, CLASSES),
    }
    parameters = {
        name: rng.normal(0, np.sqrt(2 / np.prod(size[:-1])), size) for name, size in shapes.items()
    }
    return parameters | {f"{name} shift": np.zeros(size[-1]) for name, size in shapes.items()}


def logits(parameters: dict[str, Any], images: Any) -> Any:  # noqa: ANN401 - arrays of JAX
    """Return the logits of images."""
    x = images
    for name in ("first", "second"):
        n, height, width, _ = x.shape
        x = jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
        near = [x[:, i : i + height, j : j + width] for i in range(3) for j in range(3)]
        x = jnp.concatenate(near, axis=-1) @ parameters[name].reshape(
            -1, parameters[name].shape[-1]
        )
        x = jax.nn.relu(x + parameters[f"{name} shift"])
        x = x.reshape(n, height // 2, 2, width // 2, 2, -1).mean((2, 4))  # of each 2 × 2 pixels
    return x.reshape(len(x), -1) @ parameters["linear"] + parameters["linear shift"]


def cross_entropy(p: Any, z: Any) -> Any:  # noqa: ANN401 - arrays of JAX
    """Return -Σ p log q for q = softmax(z)."""
    return -(p * jax.nn.log_softmax(z)).sum(-1)


def divergence(p: Any, z: Any) -> Any:  # noqa: ANN401 - arrays of JAX
    """Return Σ p log(p / q), as it is written in the definition."""
    some = p > 0
    ratio = jnp.where(some, p, 1.0) / jax.nn.softmax(z)
    return jnp.where(some, p * jnp.log(jnp.where(some, ratio, 1.0)), 0.0).sum(-1)


def shifted(images: Any) -> Any:  # noqa: ANN401 - arrays of JAX
    """Move images by one pixel to the right."""
    return jnp.pad(images[:, :, :-1], ((0, 0), (0, 0), (1, 0), (0, 0)))


def loss(parameters: dict[str, Any], images: Any, classes: Any, how: Setting) -> Any:  # noqa: ANN401  (arrays of JAX)
    """Return the mean loss of some images."""
    labels = (1 - how.smoothing) * jax.nn.one_hot(classes, CLASSES) + how.smoothing / CLASSES

    def compare(p: Any, z: Any) -> Any:  # noqa: ANN401 - arrays of JAX
        return jnp.where(how.divergence, divergence(p, z), cross_entropy(p, z))

    z, moved = jnp.split(logits(parameters, jnp.concatenate([images, shifted(images)])), 2)
    target = jax.nn.softmax(z)
    target = jnp.where(how.detached, jax.lax.stop_gradient(target), target)
    return (compare(labels, z) + how.consistency * compare(target, moved)).mean()


@partial(jax.jit, static_argnames="batches")
def _epoch(state: Any, order: Any, data: Data, how: Setting, batches: int) -> Any:  # noqa: ANN401  (likewise)
    """Pass once through the training images in an order, by gradient descent with momentum."""

    def step(state: Any, batch: Any) -> Any:  # noqa: ANN401 - trees of arrays
        parameters, speed = state
        slopes = jax.grad(loss)(parameters, data.images[batch], data.classes[batch], how)
        speed = jax.tree.map(lambda v, s: MOMENTUM * v - RATE * s, speed, slopes)
        return (jax.tree.map(jnp.add, parameters, speed), speed), None

    return jax.lax.scan(step, state, order[: batches * BATCH].reshape(batches, BATCH))[0]


_logits = jax.jit(logits)


def _all_logits(parameters: dict[str, Any], images: Any) -> Any:  # noqa: ANN401 - an array
    """Return the logits of many images."""
    starts = range(0, len(images), AT_ONCE)
    return np.concatenate([_logits(parameters, images[i : i + AT_ONCE]) for i in starts])


def _measure(parameters: dict[str, Any], data: Data, how: Setting) -> tuple[Any, ...]:
    """Compute the losses with the package of the book, from the logits."""
    row = np.concatenate([np.ravel(x) for x in jax.tree.leaves(parameters)])
    z, moved, tested = (
        _all_logits(parameters, images)
        for images in (data.images, shifted(data.images), data.test_images)
    )
    labels = refimpl.smooth_labels(np.eye(CLASSES)[data.classes], how.smoothing)
    if how.divergence:
        with np.errstate(divide="ignore"):
            of_labels = refimpl.kl_loss(np.log(labels), z)
        between = refimpl.kl_loss(z, moved)
    else:
        of_labels = refimpl.cross_entropy_loss(labels, z)
        between = refimpl.cross_entropy_loss(refimpl.softmax(z), moved)
    loss = of_labels.mean() + how.consistency * between.mean()
    accuracy = (tested.argmax(-1) == data.test_classes).mean()
    entropy = refimpl.entropy(refimpl.softmax(tested)).mean()
    targets = refimpl.entropy(refimpl.softmax(z)).mean()
    floor = refimpl.entropy(labels).mean() + how.consistency * targets
    return row, loss, accuracy, entropy, floor


def train(data: Data, how: Setting, *, seed: int = 0, epochs: int = 6) -> Run:
    """Train from a seed, which decides the first parameters and the order of the images."""
    with jax.enable_x64(new_val=True):
        on_device = Data(*map(jnp.asarray, data))
        options = Setting(*map(jnp.asarray, how))
        parameters = jax.tree.map(jnp.asarray, initial(seed, data.images.shape[1:]))
        state = parameters, jax.tree.map(jnp.zeros_like, parameters)
        rng = np.random.default_rng(seed)
        measured = [_measure(parameters, data, how)]
        batches = len(data.images) // BATCH
        for _ in range(epochs):
            order = jnp.asarray(rng.permutation(len(data.images)))
            state = _epoch(state, order, on_device, options, batches)
            measured.append(_measure(state[0], data, how))
        return Run(*(np.array(column) for column in zip(*measured, strict=True)))


def difference(first: Run, second: Run) -> Any:  # noqa: ANN401 - an array
    """Return the largest difference of any parameter, after each epoch."""
    return np.abs(first.parameters - second.parameters).max(axis=1)


SETTINGS = {
    "hard labels": {},
    "smoothed labels": {"smoothing": 0.1},
    "constant target": {"consistency": 1.0},
    "trainable target": {"consistency": 1.0, "detached": False},
}


def compare(
    data: Data, names: Sequence[str] = tuple(SETTINGS), *, seed: int = 0, epochs: int = 6
) -> dict[str, tuple[Run, Run]]:
    """Train with the cross-entropy and with the divergence, in each setting."""

    def both(options: dict[str, Any]) -> tuple[Run, Run]:
        runs = (
            train(data, Setting(choice, **options), seed=seed, epochs=epochs)
            for choice in (False, True)
        )
        return next(runs), next(runs)

    return {name: both(SETTINGS[name]) for name in names}


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a table of both losses in each setting."""
    parser = argparse.ArgumentParser(description="Train one network twice.")
    parser.add_argument("folder", nargs="?", type=Path, help="binary CIFAR-10; else the digits")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args(arguments)
    data = cifar10(chosen.folder) if chosen.folder else digits()
    line = "{:18} {:>12} {:>12} {:>10} {:>12}"
    print(line.format("setting", "H loss", "KL loss", "accuracy", "difference"))  # noqa: T201  (a program that prints a table)
    for name, (first, second) in compare(data, seed=chosen.seed, epochs=chosen.epochs).items():
        same = first.accuracy[-1] == second.accuracy[-1]
        print(  # noqa: T201 - a program that prints a table
            line.format(
                name,
                f"{first.loss[-1]:.6f}",
                f"{second.loss[-1]:.6f}",
                f"{first.accuracy[-1]:.4f}" if same else "differs",
                f"{difference(first, second)[-1]:.1e}",
            )
        )


if __name__ == "__main__":
    main()
