"""Places for boxes that are connected one way: ranks, few crossings, lines around the boxes.

The method of Sugiyama, Tagawa and Toda (1981): each box gets a rank below all that lead to it; a
line over several ranks passes through an empty place in each; the order inside a rank is that of
the neighbours' middles, swept down and up; then places are moved as near to their neighbours as
the others let them. Long pictures are cut, where one line crosses, into columns side by side.

Nothing is drawn here: `across` is the axis along a rank, `along` the one from rank to rank.
"""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["Edge", "Layout", "arrange"]

Point = tuple[float, float]
_SWEEPS = 12
_THROUGH = 12.0  # the width of the empty place that a long line passes through


class Edge(NamedTuple):
    """A line from one box to a later one; lines of one port leave at one place."""

    source: int
    target: int
    port: int = 0


class Layout(NamedTuple):
    """Where everything is, as (across, along).

    boxes: the corner of each box with the least across and along.
    ways: the points of each edge: between two that differ in both the line swings, and its ends
        stand upright on the boxes. `bends` says how many points at its start are corners instead,
        where it goes on in the next column.
    """

    boxes: list[Point]
    ways: list[list[Point]]
    bends: list[int]
    width: float
    length: float


def arrange(
    sizes: Sequence[Point],
    edges: Sequence[Edge],
    *,
    apart: float = 26,
    between: float = 40,
    longest: float = float("inf"),
    first: Sequence[int] = (),
    last: Sequence[int] = (),
) -> Layout:
    """Places for boxes of these sizes (across, along); every edge leads to a later box.

    Args:
        sizes: of each box.
        edges: with the numbers of the boxes they connect.
        apart: least space between two boxes of one rank.
        between: least space between two ranks.
        longest: where a picture would be longer, it goes on in a column beside the first.
        first: boxes that stand in the first rank, because their lines come from outside.
        last: boxes that stand in the last rank, likewise.

    Example:
        >>> found = arrange([(40, 20), (40, 20), (40, 20)], [Edge(0, 1), Edge(0, 2)])
        >>> found.boxes
        [(33.0, 0.0), (0.0, 63.96), (66.0, 63.96)]
    """
    if not sizes:
        return Layout([], [], [], 0.0, 0.0)
    grid = _Grid(sizes, edges, first, last)
    grid.order()
    grid.find_ports()
    grid.align(apart)
    return grid.layout(between, apart, longest)


class _Frame:
    """Where ranks and columns are: each rank's top, its shift across, the number of its column."""

    def __init__(self, heights: list[float], between: float, apart: float) -> None:
        self.heights, self.between, self.apart = heights, between, apart
        self.top, self.shift = [0.0] * len(heights), [0.0] * len(heights)
        self.column = [0] * len(heights)
        self.ends: list[Point] = []  # the right edge and the low end of each column


class _Grid:
    """Boxes and empty places in ranks; a line is a chain of places."""

    def __init__(
        self, sizes: Sequence[Point], edges: Sequence[Edge], first: Sequence[int],
        last: Sequence[int],
    ) -> None:  # fmt: skip
        self.sizes, self.edges, self.count = list(sizes), list(edges), len(sizes)
        self.rank = _ranks(len(sizes), edges, first, last)
        self.chains: list[list[int]] = []
        for edge in edges:
            chain = [edge.source]
            for r in range(self.rank[edge.source] + 1, self.rank[edge.target]):
                chain.append(len(self.sizes))
                self.sizes.append((_THROUGH, 0.0))
                self.rank.append(r)
            self.chains.append([*chain, edge.target])
        self.rows: list[list[int]] = [[] for _ in range(max(self.rank) + 1)]
        for place, r in enumerate(self.rank):
            self.rows[r].append(place)
        self.above: dict[int, list[int]] = defaultdict(list)
        self.below: dict[int, list[int]] = defaultdict(list)
        self.through: dict[int, list[int]] = defaultdict(list)  # the edges that come to a place
        for number, chain in enumerate(self.chains):
            for a, b in itertools.pairwise(chain):
                self.below[a].append(b)
                self.above[b].append(a)
                self.through[b].append(number)

    # --- order ----------------------------------------------------------------------------------

    def order(self) -> None:
        """Sort each rank so that few lines cross; the best of several sweeps is kept."""
        best, fewest = [list(row) for row in self.rows], self.crossings()
        for sweep in range(_SWEEPS):
            if not fewest:
                break
            down = sweep % 2 == 0
            rows = self.rows[1:] if down else self.rows[-2::-1]
            for row in rows:
                at = self._at()
                near = self.above if down else self.below
                middle = {
                    p: sum(at[q] for q in near[p]) / len(near[p]) if near[p] else at[p] for p in row
                }
                row.sort(key=lambda p, middle=middle: middle[p])
            self._exchange()
            now = self.crossings()
            if now < fewest:
                best, fewest = [list(row) for row in self.rows], now
        self.rows = best

    def _at(self) -> dict[int, float]:
        """The place of each in its rank, as a share of the rank."""
        return {p: (i + 0.5) / len(row) for row in self.rows for i, p in enumerate(row)}

    def _exchange(self) -> None:
        """Neighbours change places where that takes crossings away."""
        at = {p: i for row in self.rows for i, p in enumerate(row)}

        def crossed(p: int, q: int) -> int:
            """How many lines of p cross one of q, if p stands before q."""
            return sum(
                at[a] > at[b] for near in (self.above, self.below) for a in near[p] for b in near[q]
            )

        for row in self.rows:
            for i in range(len(row) - 1):
                p, q = row[i], row[i + 1]
                if crossed(p, q) > crossed(q, p):
                    row[i], row[i + 1] = q, p
                    at[p], at[q] = i + 1, i

    def crossings(self) -> int:
        """How many pairs of lines cross, by the order in the ranks."""
        total = 0
        at = {p: i for row in self.rows for i, p in enumerate(row)}
        for row in self.rows[:-1]:
            ends = [at[q] for p in row for q in sorted(self.below[p], key=at.__getitem__)]
            sorted_so_far: list[int] = []
            for end in ends:
                place = bisect_right(sorted_so_far, end)
                total += len(sorted_so_far) - place
                sorted_so_far.insert(place, end)
        return total

    # --- ports ----------------------------------------------------------------------------------

    def find_ports(self) -> None:
        """Where on its box each line begins and ends, from the middle of the box."""
        at, ends, starts = self._at(), defaultdict(list), defaultdict(lambda: defaultdict(list))
        for number, (edge, chain) in enumerate(zip(self.edges, self.chains, strict=True)):
            ends[edge.target].append((at[chain[-2]], number))
            starts[edge.source][edge.port].append((at[chain[1]], number))
        self.leaves, self.arrives = [0.0] * len(self.edges), [0.0] * len(self.edges)
        for box, lines in ends.items():
            for offset, (_, number) in zip(
                self._spread(box, len(lines)), sorted(lines), strict=True
            ):
                self.arrives[number] = offset
        for box, ports in starts.items():
            groups = sorted(ports.values(), key=lambda g: (sum(a for a, _ in g) / len(g), g[0][1]))
            for offset, group in zip(self._spread(box, len(groups)), groups, strict=True):
                for _, number in group:
                    self.leaves[number] = offset

    def _spread(self, box: int, count: int) -> list[float]:
        if count == 1:
            return [0.0]
        step = min(24.0, 0.7 * self.sizes[box][0] / (count - 1))
        return [step * (i - (count - 1) / 2) for i in range(count)]

    # --- places ---------------------------------------------------------------------------------

    def align(self, apart: float) -> None:
        """The middle of each place across: near its neighbours, long lines straight."""
        pulls: dict[int, list[tuple[int, float, float, bool]]] = defaultdict(list)
        for number, chain in enumerate(self.chains):
            for i, (a, b) in enumerate(itertools.pairwise(chain)):
                shift = (self.leaves[number] if i == 0 else 0.0) - (
                    self.arrives[number] if i == len(chain) - 2 else 0.0
                )
                weight = 8.0 if a >= self.count and b >= self.count else 1.0
                pulls[b].append((a, shift, weight, True))
                pulls[a].append((b, -shift, weight, False))
        middle = [0.0] * len(self.sizes)
        gaps = [self._gaps(row, apart) for row in self.rows]
        for row, gap in zip(self.rows, gaps, strict=True):
            total = 0.0
            for p, g in zip(row, gap, strict=True):
                total += g
                middle[p] = total
            for p in row:
                middle[p] -= total / 2
        for sweep in range(2 * _SWEEPS):
            which = (True,) if sweep % 2 == 0 else (False,)
            if sweep >= 2 * _SWEEPS - 4:
                which = (True, False)
            order = list(zip(self.rows, gaps, strict=True))
            for row, gap in order if sweep % 2 == 0 else order[::-1]:
                wanted, weights = [], []
                for p in row:
                    near = [(middle[q] + s, w) for q, s, w, up in pulls[p] if up in which]
                    whole = sum(w for _, w in near)
                    wanted.append(sum(m * w for m, w in near) / whole if near else middle[p])
                    weights.append(whole or 0.1)
                for p, m in zip(row, _apart(wanted, weights, gap), strict=True):
                    middle[p] = m
        self.middle = middle

    def _gaps(self, row: list[int], apart: float) -> list[float]:
        """From each middle to that of the place before it, at least."""
        found = [0.0]
        for p, q in itertools.pairwise(row):
            space = apart / 2 if p >= self.count or q >= self.count else apart
            found.append((self.sizes[p][0] + self.sizes[q][0]) / 2 + space)
        return found

    # --- the picture ----------------------------------------------------------------------------

    def layout(self, between: float, apart: float, longest: float) -> Layout:
        """Ranks below each other, in one column or several."""
        heights = [max(self.sizes[p][1] for p in row) for row in self.rows]
        spaces = [self._space(r, between) for r in range(len(self.rows) - 1)] + [0.0]
        columns = self._columns(heights, spaces, longest)
        lead = max((self._lead(c[0], between) for c in columns[1:]), default=0.0)
        frame = _Frame(heights, between, apart)
        right = 0.0
        for number, column in enumerate(columns):
            places = [p for r in column for p in self.rows[r]]
            low = min(self.middle[p] - self.sizes[p][0] / 2 for p in places)
            high = max(self.middle[p] + self.sizes[p][0] / 2 for p in places)
            right += 2 * apart if number else 0.0  # the gutter, for the line that goes on
            total = lead
            for r in column:
                frame.top[r], frame.shift[r], frame.column[r] = total, right - low, number
                total += heights[r] + spaces[r]
            right += high - low
            frame.ends.append((right, total - spaces[column[-1]]))
        boxes = []
        for p in range(self.count):
            (width, height), r = self.sizes[p], self.rank[p]
            corner = self._u(p, frame) - width / 2, frame.top[r] + (heights[r] - height) / 2
            boxes.append(corner)
        ways = [self._way(n, boxes, frame) for n in range(len(self.edges))]
        length = max(end for _, end in frame.ends) + (between / 2 if len(columns) > 1 else 0.0)
        return Layout(boxes, [w for w, _ in ways], [b for _, b in ways], right, length)

    def _u(self, place: int, frame: _Frame) -> float:
        return self.middle[place] + frame.shift[self.rank[place]]

    def _way(self, number: int, boxes: list[Point], frame: _Frame) -> tuple[list[Point], int]:
        """The points of an edge, and how many of them are corners before it enters a column."""
        chain, way, bent = self.chains[number], [], 0
        for i, p in enumerate(chain):
            r, u = self.rank[p], self._u(p, frame)
            top, low = frame.top[r], frame.top[r] + frame.heights[r]
            if i == 0:
                u += self.leaves[number]
                top = boxes[p][1] + self.sizes[p][1]
            elif i == len(chain) - 1:
                u += self.arrives[number]
                low = boxes[p][1]
            way += [(u, top), (u, low)]
            if p != chain[-1] and frame.column[r] != frame.column[r + 1]:
                entry = self._entry(r + 1) + frame.shift[r + 1]
                edge, end = frame.ends[frame.column[r]]
                gutter, turn = edge + frame.apart, end + frame.between / 2
                way += [(u, turn), (gutter, turn), (gutter, 0.0), (entry, 0.0), (entry, 12.0)]
                bent = len(way)
        return (way, bent) if bent else (_straightened(way), 0)

    def _arrivals(self) -> list[set[tuple[int, int]]]:
        """For each rank, what comes to it from the rank before: (place, port) of each value."""
        found: list[set[tuple[int, int]]] = [set() for _ in self.rows]
        for edge, chain in zip(self.edges, self.chains, strict=True):
            for p, q in itertools.pairwise(chain):
                found[self.rank[q]].add((p, edge.port if p == edge.source else -1))
        return found

    def _entry(self, r: int) -> float:
        """Where the one line from the column before comes in: above what it leads to."""
        ends = [
            self.middle[p] + (self.arrives[n] if p == self.edges[n].target else 0.0)
            for p in self.rows[r]
            for n in self.through[p]
        ]
        return sum(ends) / len(ends)

    def _lead(self, r: int, between: float) -> float:
        """Above the first rank of a column, for the line that comes from the column before."""
        entry = self._entry(r)
        far = max(abs(self.middle[p] - entry) for p in self.rows[r])
        return 12.0 + between + min(0.12 * far, between)

    def _space(self, r: int, between: float) -> float:
        """Below a rank: more where lines swing far."""
        far = max(
            (abs(self.middle[p] - self.middle[q]) for p in self.rows[r] for q in self.below[p]),
            default=0.0,
        )
        return between + min(0.12 * far, between)

    def _columns(self, heights: list[float], spaces: list[float], longest: float) -> list[range]:
        """Ranks that stand in one column; a column ends where one line leads on."""
        total = sum(heights) + sum(spaces)
        if total <= 1.25 * longest:  # a little longer is better than two
            return [range(len(heights))]
        cuts = [r - 1 for r, came in enumerate(self._arrivals()) if len(came) == 1]
        wanted = total / -(-total // longest)  # columns of about one length
        lengths = [h + s for h, s in zip(heights, spaces, strict=True)]
        columns, first, long, done = [], 0, 0.0, 0
        for cut, following in itertools.pairwise([*cuts, len(lengths) - 1]):
            long += sum(lengths[done : cut + 1])
            done = cut + 1
            if long + sum(lengths[done : following + 1]) / 2 > wanted:
                columns.append(range(first, done))
                first, long = done, 0.0
        return [*columns, range(first, len(lengths))]


def _ranks(
    count: int, edges: Sequence[Edge], first: Sequence[int], last: Sequence[int]
) -> list[int]:
    """The longest way to each box; a line that begins ends right above what it leads to."""
    rank, into, out = [0] * count, defaultdict(list), defaultdict(list)
    for edge in edges:
        into[edge.target].append(edge.source)
        out[edge.source].append(edge.target)
    for box in range(count):
        rank[box] = max((rank[a] + 1 for a in into[box]), default=0)
    loose = []  # what begins a line, and what alone goes on with it
    for box in range(count):
        alone = into[box] and into[box][0] in loose and len(out[into[box][0]]) == 1
        if (alone and len(into[box]) == 1) or (not into[box] and box not in first):
            loose.append(box)
    for box in reversed(loose):
        if out[box]:
            rank[box] = min(rank[b] for b in out[box]) - 1
    lowest = max(rank)
    for box in last:
        rank[box] = lowest
    return rank


def _apart(wanted: list[float], weights: list[float], gaps: list[float]) -> list[float]:
    """The places nearest to those wanted (least squares) that keep the gaps: pooled neighbours."""
    offsets, total = [], 0.0
    for g in gaps:
        total += g
        offsets.append(total)
    blocks: list[list[float]] = []  # (mean, weight, how many)
    for want, weight, offset in zip(wanted, weights, offsets, strict=True):
        blocks.append([want - offset, weight, 1])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            mean, w, n = blocks.pop()
            last = blocks[-1]
            last[0] = (last[0] * last[1] + mean * w) / (last[1] + w)
            last[1] += w
            last[2] += n
    means = [mean for mean, _, n in blocks for _ in range(int(n))]
    return [mean + offset for mean, offset in zip(means, offsets, strict=True)]


def _straightened(way: list[Point]) -> list[Point]:
    """Without points that repeat, and without swings too small to mean anything."""
    found = way[:1]
    for u, v in way[1:]:
        last = found[-1]
        u = last[0] if abs(u - last[0]) < 3.0 else u
        if abs(u - last[0]) > 1e-6 or abs(v - last[1]) > 1e-6:
            found.append((u, v))
    return found
