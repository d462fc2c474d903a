"""Points of MediaPipe's face mesh that have a name here. Left and right are the picture's."""

WITH_IRISES = 478
POINTS = 468  # without them
EYE_CORNERS = ((33, 133), (362, 263))
UPPER_LIP, LOWER_LIP = (191, 80, 81, 82, 13, 312, 311, 310, 415), (95, 88, 178, 87, 14, 317, 402, 318, 324)  # inner
WITHIN_LIPS = (  # the rows between the inner lips and the outer ones, upper and lower, outward
    ((183, 42, 41, 38, 12, 268, 271, 272, 407), (96, 89, 179, 86, 15, 316, 403, 319, 325)),
    ((184, 74, 73, 72, 11, 302, 303, 304, 408), (77, 90, 180, 85, 16, 315, 404, 320, 307)),
)
LIPS_MIDDLE = (13, 14)
MOUTH_CORNERS = (61, 291)  # outer ones
INNER_LIPS = (78, *UPPER_LIP, 308, *LOWER_LIP[::-1])  # a ring
OUTER_LIPS = (
    61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146,
)  # fmt: skip
