"""Place boxes in columns such that every line leads from left to right.

A box stands one column to the right of the last one that it needs. Lines that pass a column get a
place of their own in it. The order in a column is improved by moving each box to the mean of its
neighbours, as long as fewer lines cross; then each box moves as near to them as the others let it.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field

Point = tuple[float, float]

SWEEPS = 12
LINE = 8.0  # the room that a passing line takes in a column


@dataclass(frozen=True)
class Placement:
    """Where everything is: the upper left corners of the boxes, and the corners of each line."""

    corners: Mapping[str, Point]
    lines: Mapping[tuple[str, str], Sequence[Point]]
    width: float
    height: float


@dataclass
class _Column:
    """What stands in a column, from above, with the height of each, and the middle of each."""

    items: list[Hashable]
    middles: dict[Hashable, float] = field(default_factory=dict)


def depths(
    names: Sequence[str], edges: Sequence[tuple[str, str]], most: float = math.inf
) -> dict[str, int]:
    """Return the length of the longest way to each name; each edge leads to a later name.

    A name for which a depth has no room goes to the next one that has.

    Parameters
    ----------
    names
        In an order in which no edge leads back.
    edges
        Pairs of what is needed, and what needs it.
    most
        How many names may have the same depth.
    """
    needs = defaultdict(list)
    for low, high in edges:
        needs[high].append(low)
    found: dict[str, int] = {}
    full: Counter[int] = Counter()
    for name in names:
        depth = max((found[low] + 1 for low in needs[name]), default=0)
        while full[depth] >= most:
            depth += 1
        found[name] = depth
        full[depth] += 1
    return found


def together(names: Sequence[str], edges: Sequence[tuple[str, str]]) -> list[list[str]]:
    """Return the groups of names that edges join, each in the order of the names."""
    group = {name: {name} for name in names}
    for low, high in edges:
        if group[low] is not group[high]:
            group[low] |= group[high]
            for name in group[high]:
                group[name] = group[low]
    first: dict[int, list[str]] = {}
    for name in names:
        first.setdefault(id(group[name]), []).append(name)
    return list(first.values())


def place(
    heights: Mapping[str, float],
    edges: Sequence[tuple[str, str]],
    *,
    width: float,
    between: float,
    gap: float,
    most: float = math.inf,
) -> Placement:
    """Place boxes of one width and of the given heights, which come in an order without return.

    Groups that no line joins are placed below each other. A column of a group has at most ``most``.
    """
    corners: dict[str, Point] = {}
    lines: dict[tuple[str, str], Sequence[Point]] = {}
    right = top = 0.0
    for names in together(list(heights), edges):
        inside = [edge for edge in edges if edge[0] in names]
        own = {name: heights[name] for name in names}
        drawn = _group(own, inside, width=width, between=between, gap=gap, most=most)
        corners |= {name: (x, y + top) for name, (x, y) in drawn.corners.items()}
        lines |= {edge: [(x, y + top) for x, y in way] for edge, way in drawn.lines.items()}
        right, top = max(right, drawn.width), top + drawn.height + gap
    return Placement(corners, lines, right, max(top - gap, 0.0))


def _group(
    heights: Mapping[str, float],
    edges: Sequence[tuple[str, str]],
    *,
    width: float,
    between: float,
    gap: float,
    most: float,
) -> Placement:
    """Place boxes that lines join."""
    depth = depths(list(heights), edges, most)
    columns = [_Column([]) for _ in range(max(depth.values(), default=-1) + 1)]
    for name in heights:
        columns[depth[name]].items.append(name)
    ways: dict[tuple[str, str], list[Hashable]] = {}
    links: list[tuple[Hashable, Hashable]] = []
    for edge in edges:
        low, high = edge
        passed = [(edge, at) for at in range(depth[low] + 1, depth[high])]
        for passing in passed:
            columns[passing[1]].items.append(passing)
        ways[edge] = [low, *passed, high]
        links += zip(ways[edge][:-1], ways[edge][1:], strict=True)
    sizes: dict[Hashable, float] = defaultdict(lambda: LINE, heights.items())
    _sort(columns, links)
    _spread(columns, links, sizes, gap)
    return _placed(columns, ways, heights, width, between)


def _neighbours(links: Sequence[tuple[Hashable, Hashable]]) -> dict[Hashable, list[Hashable]]:
    found: dict[Hashable, list[Hashable]] = defaultdict(list)
    for low, high in links:
        found[low].append(high)
        found[high].append(low)
    return found


def _sort(columns: Sequence[_Column], links: Sequence[tuple[Hashable, Hashable]]) -> None:
    """Order the columns, and keep the order with the fewest crossings."""
    neighbours = _neighbours(links)
    best = [list(column.items) for column in columns]
    fewest = _crossings(columns, links)
    for sweep in range(SWEEPS):
        there = columns[1:] if sweep % 2 == 0 else columns[-2::-1]
        before = columns[:-1] if sweep % 2 == 0 else columns[:0:-1]
        for fixed, column in zip(before, there, strict=True):
            rank = {item: float(index) for index, item in enumerate(fixed.items)}
            own = {item: float(index) for index, item in enumerate(column.items)}
            column.items.sort(key=_mean_of(neighbours, rank, own).__getitem__)
        crossings = _crossings(columns, links)
        if crossings < fewest:
            fewest, best = crossings, [list(column.items) for column in columns]
    for column, items in zip(columns, best, strict=True):
        column.items = items


def _mean_of(
    neighbours: Mapping[Hashable, Sequence[Hashable]],
    rank: Mapping[Hashable, float],
    own: Mapping[Hashable, float],
) -> dict[Hashable, float]:
    """Return the mean place of the neighbours in another column, or the own place without any."""
    found = {}
    for item, place in own.items():
        ranks = [rank[other] for other in neighbours[item] if other in rank]
        found[item] = sum(ranks) / len(ranks) if ranks else place
    return found


def _crossings(columns: Sequence[_Column], links: Sequence[tuple[Hashable, Hashable]]) -> int:
    rank = {item: index for column in columns for index, item in enumerate(column.items)}
    where = {item: at for at, column in enumerate(columns) for item in column.items}
    by_column: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for low, high in links:
        by_column[where[low]].append((rank[low], rank[high]))
    return sum(
        (a - c) * (b - d) < 0
        for pairs in by_column.values()
        for index, (a, b) in enumerate(pairs)
        for c, d in pairs[:index]
    )


def _spread(
    columns: Sequence[_Column],
    links: Sequence[tuple[Hashable, Hashable]],
    sizes: Mapping[Hashable, float],
    gap: float,
) -> None:
    """Give each box its height on the page: near its neighbours, and apart from the next one."""
    neighbours = _neighbours(links)
    for column in columns:
        top = 0.0
        for item in column.items:
            column.middles[item] = top + sizes[item] / 2
            top += sizes[item] + gap
    for sweep in range(SWEEPS):
        for column in columns if sweep % 2 == 0 else columns[::-1]:
            others = {
                item: middle
                for other in columns
                if other is not column
                for item, middle in other.middles.items()
            }
            wanted = _mean_of(neighbours, others, column.middles)
            targets = [wanted[item] for item in column.items]
            apart = [
                (sizes[a] + sizes[b]) / 2 + gap
                for a, b in zip(column.items[:-1], column.items[1:], strict=True)
            ]
            middles = nearest(targets, apart)
            column.middles = dict(zip(column.items, middles, strict=True))


def nearest(targets: Sequence[float], apart: Sequence[float]) -> list[float]:
    """Return numbers near the targets, each at least so much larger than the one before.

    Of all such numbers these have the least sum of squared differences from the targets: without
    the distances this is a regression by a rising sequence, which pools neighbours that are in
    the wrong order.
    """
    offsets = [0.0]
    for distance in apart:
        offsets.append(offsets[-1] + distance)
    pools: list[list[float]] = []  # sum and number of the targets that share one value
    for target, offset in zip(targets, offsets, strict=False):
        pools.append([target - offset, 1])
        while len(pools) > 1 and pools[-2][0] / pools[-2][1] > pools[-1][0] / pools[-1][1]:
            total, count = pools.pop()
            pools[-1][0] += total
            pools[-1][1] += count
    values = [total / count for total, count in pools for _ in range(int(count))]
    return [value + offset for value, offset in zip(values, offsets, strict=False)]


def _placed(
    columns: Sequence[_Column],
    ways: Mapping[tuple[str, str], Sequence[Hashable]],
    heights: Mapping[str, float],
    width: float,
    between: float,
) -> Placement:
    middles = {item: y for column in columns for item, y in column.middles.items()}
    left = {
        item: at * (width + between) for at, column in enumerate(columns) for item in column.items
    }
    top = min((middles[name] - height / 2 for name, height in heights.items()), default=0)
    top = min([top, *(middles[item] for item in middles)])
    corners = {
        name: (left[name], middles[name] - height / 2 - top) for name, height in heights.items()
    }
    lines = {}
    for edge, way in ways.items():
        low, *passed, high = way
        points = [(left[low] + width, middles[low] - top)]
        for item in passed:
            points += [(left[item] + x, middles[item] - top) for x in (0, width)]
        lines[edge] = [*points, (left[high], middles[high] - top)]
    bottom = max((y + heights[name] for name, (_, y) in corners.items()), default=0)
    bottom = max([bottom, *(middles[item] - top for item in middles)])
    return Placement(corners, lines, len(columns) * (width + between) - between, bottom)
