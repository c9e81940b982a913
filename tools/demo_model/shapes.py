"""Outlines as signed distances: negative inside, in units of the picture's width.

Formulas after Inigo Quilez, "2D distance functions" (https://iquilezles.org/articles/distfunctions2d/, MIT).
"""

from collections.abc import Callable, Sequence

import numpy as np

SHAPES = ("circle", "square", "triangle", "star", "heart", "diamond")
Distance = Callable[[np.ndarray, np.ndarray], np.ndarray]
Point = tuple[float, float]


def circle(center_x: float, center_y: float, radius: float) -> Distance:
    return lambda x, y: np.hypot(x - center_x, y - center_y) - radius


def box(left: float, top: float, right: float, bottom: float) -> Distance:
    middle_x, middle_y, half_width, half_height = (
        (left + right) / 2,
        (top + bottom) / 2,
        (right - left) / 2,
        (bottom - top) / 2,
    )
    return lambda x, y: np.maximum(np.abs(x - middle_x) - half_width, np.abs(y - middle_y) - half_height)


def polygon(corners: Sequence[Point]) -> Distance:
    """Distance to a closed polygon: the nearest edge, signed by crossing parity."""

    def distance(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        nearest = np.full(x.shape, 1e9, np.float32)
        sign = np.ones(x.shape, np.float32)
        for (ax, ay), (bx, by) in zip(corners, [corners[-1], *corners[:-1]], strict=True):
            edge_x, edge_y = bx - ax, by - ay
            from_x, from_y = x - ax, y - ay
            along = np.clip((from_x * edge_x + from_y * edge_y) / (edge_x**2 + edge_y**2 + 1e-12), 0, 1)
            nearest = np.minimum(nearest, (from_x - edge_x * along) ** 2 + (from_y - edge_y * along) ** 2)
            below, above, left = y >= ay, y < by, edge_x * from_y > edge_y * from_x
            sign = np.where((below & above & left) | (~below & ~above & ~left), -sign, sign)
        return sign * np.sqrt(nearest)

    return distance


def union(*parts: Distance) -> Distance:
    return lambda x, y: np.minimum.reduce([part(x, y) for part in parts])


def minus(part: Distance, hole: Distance) -> Distance:
    return lambda x, y: np.maximum(part(x, y), -hole(x, y))


def named_shape(name: str, center_x: float, center_y: float, radius: float, *, rotation: float = 0.0) -> Distance:
    """One of SHAPES around a center; areas are near each other so that size and shape stay separate things."""
    outline = _OUTLINES[name](radius)
    cosine, sine = np.cos(rotation), np.sin(rotation)

    def distance(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        right, down = x - center_x, y - center_y
        return outline(cosine * right + sine * down, cosine * down - sine * right)

    return distance


def _rounded_square(radius: float) -> Distance:
    half, corner = 0.86 * radius, 0.1 * radius

    def distance(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        beyond_x, beyond_y = np.abs(x) - half + corner, np.abs(y) - half + corner
        outside = np.hypot(np.maximum(beyond_x, 0), np.maximum(beyond_y, 0))
        return outside + np.minimum(np.maximum(beyond_x, beyond_y), 0) - corner

    return distance


def _star_corners(radius: float) -> list[Point]:
    corners = []
    for index in range(10):
        angle = -np.pi / 2 + index * np.pi / 5
        length = radius * (1.15 if index % 2 == 0 else 0.5)
        corners.append((length * np.cos(angle), length * np.sin(angle)))
    return corners


def _heart_corners(radius: float) -> list[Point]:
    turn = np.linspace(0, 2 * np.pi, 44, endpoint=False)
    right = 16 * np.sin(turn) ** 3
    up = 13 * np.cos(turn) - 5 * np.cos(2 * turn) - 2 * np.cos(3 * turn) - np.cos(4 * turn)
    return [(r * radius / 16, -u * radius / 16) for r, u in zip(right, up, strict=True)]


_OUTLINES: dict[str, Callable[[float], Distance]] = {
    "circle": lambda r: circle(0, 0, r),
    "square": _rounded_square,
    "triangle": lambda r: polygon([(0, -1.05 * r), (1.02 * r, 0.8 * r), (-1.02 * r, 0.8 * r)]),
    "star": lambda r: polygon(_star_corners(r)),
    "heart": lambda r: polygon(_heart_corners(r)),
    "diamond": lambda r: polygon([(0, -1.15 * r), (0.8 * r, 0), (0, 1.15 * r), (-0.8 * r, 0)]),
}
