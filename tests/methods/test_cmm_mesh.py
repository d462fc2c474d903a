"""CMM-mesh: poses, shapes, warps and paintings against what they must do by geometry."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from cmm.core.errors import UserError
from cmm.core.weights_file import save_networks
from cmm.datasets.actors.make_actors import Settings, render_clip
from cmm.faces.alignment import align_sequence
from cmm.faces.mesh import LOWER_LIP, MOUTH_CORNERS, OUTER_LIPS, POINTS, UPPER_LIP, WITHIN_LIPS
from cmm.methods.cmm_mesh.cmm_mesh import vary
from cmm.methods.cmm_mesh.eyes import COURSE, LOWER, UPPER, blinked, closures
from cmm.methods.cmm_mesh.mouths import Smile, average, mouths_of, to_network
from cmm.methods.cmm_mesh.networks import Refiner, SmileShapes
from cmm.methods.cmm_mesh.painting import BETWEEN, FAR, Painter, between, keys_of, tones_of
from cmm.methods.cmm_mesh.shapes import (
    STILL,
    amplitude_of,
    angle_of,
    closed_at_most,
    learn_shapes,
    modes_of,
    pose_of,
    smiles_from,
    time_courses,
)
from cmm.methods.cmm_mesh.teeth import HEIGHT, WIDTH, brightest, edges_of, place, plate_of, shown
from cmm.methods.cmm_mesh.warping import bend, maps_between, mouth_masks
from cmm.methods.generator import Condition, Neutral
from cmm.methods.loading import load, load_inside
from cmm.methods.threads import in_threads
from cmm.training.batches import Batch, EpochGenerators

FRAMES = 8
NONE = np.zeros((0, 6))  # modes


@pytest.fixture(scope="module")
def photograph(tracker):
    """(picture, its Face) of an actor."""
    picture = render_clip(4, "posed", Settings(size=384))[0][0]
    return picture, tracker.track(picture)


@pytest.fixture(scope="module")
def known(photograph):
    """Shapes learned from made people: the actor's mesh, varied, whose mouths widen, rise and open."""
    random, mesh = np.random.default_rng(0), photograph[1].mesh[:POINTS].astype(float)
    meshes, labels, people = [], [], []
    for person in range(24):
        own = mesh + random.normal(0, 3, (1, 3)) + random.normal(0, 0.3, mesh.shape)
        for label in range(2):
            smile = np.zeros_like(mesh)
            open_, far = random.uniform(-4, 8), random.uniform(8, 14) * (1 + 0.3 * label)
            near = np.exp(-((mesh[:, :2] - mesh[13, :2]) ** 2).sum(axis=1) / 40**2)
            smile[:, 0] = np.sign(mesh[:, 0] - mesh[13, 0]) * near * far
            smile[:, 1] = -near * far * (np.abs(mesh[:, 0] - mesh[13, 0]) > 10)
            smile[list(LOWER_LIP), 1] += open_
            share = np.linspace(0, 1, FRAMES) ** (1 + label)
            turn = Rotation.from_euler("y", random.uniform(-10, 10), degrees=True).as_matrix()
            meshes.append((own + share[:, None, None] * smile) @ turn.T)
            labels.append(label)
            people.append(person)
    arrays = learn_shapes(np.array(meshes), np.array(labels), np.array(people), codes=6, reach=1.5)
    return arrays | {"teeth": np.zeros((0, HEIGHT, WIDTH, 2), np.uint8)}


@pytest.mark.parametrize("angles", [(0, 0, 0), (10, 25, -15), (-20, -25, 40)])
def test_a_pose_is_undone(known, angles, rng):
    turn, scale, shift = Rotation.from_euler("xyz", angles, degrees=True), 37.0, np.array([120.0, 80, -5])
    picture = scale * known["mean"] @ turn.as_matrix().T + shift
    pose = pose_of(picture, known["mean"])
    np.testing.assert_allclose(pose.to_head(picture), known["mean"], atol=1e-6)
    moves = rng.normal(0, 1, (POINTS, 3))
    np.testing.assert_allclose(pose.to_picture(moves), scale * moves @ turn.as_matrix().T, atol=1e-6)


def test_a_pose_is_that_of_another_implementation(known, rng):
    """scipy's solution of Wahba's problem, on noisy points."""
    picture = 30 * known["mean"] @ Rotation.from_euler("xyz", (5, 20, 9), degrees=True).as_matrix().T
    picture += rng.normal(0, 1, picture.shape)
    target, source = (points[list(STILL)] - points[list(STILL)].mean(axis=0) for points in (known["mean"], picture))
    expected = Rotation.align_vectors(target, source)[0].as_matrix()
    np.testing.assert_allclose(pose_of(picture, known["mean"]).rotation, expected, atol=1e-6)


@pytest.mark.parametrize(("angles", "expected"), [((0, 0, 30), 0), ((0, 25, 0), 25), ((-12, 0, 70), 12)])
def test_the_angle_of_a_head_is_that_to_the_camera(known, angles, expected):
    mesh = known["mean"] @ Rotation.from_euler("zyx", angles[::-1], degrees=True).as_matrix().T
    assert angle_of(pose_of(mesh, known["mean"])) == pytest.approx(expected, abs=1e-4)


def test_a_turned_head_smiles_as_a_frontal_one(known, photograph):
    mesh = photograph[1].mesh[:POINTS].astype(float)
    turn = Rotation.from_euler("xyz", (8, 25, 12), degrees=True).as_matrix()
    modes = modes_of(known["ways"], 3)
    frontal, turned = (smiles_from(m, known, modes, 0, 1.0, 5) - m for m in (mesh, 0.7 * mesh @ turn.T + 11))
    np.testing.assert_allclose(turned, 0.7 * frontal @ turn.T, atol=1e-6)


def test_smiles_begin_at_the_photograph_and_grow(known, photograph):
    mesh = photograph[1].mesh[:POINTS].astype(float)
    modes = modes_of(known["ways"], 3)
    found = smiles_from(mesh, known, modes, 1, 1.0, None)
    assert found.shape == (4, FRAMES, POINTS, 3)
    np.testing.assert_allclose(found[:, 0], np.broadcast_to(mesh, (4, POINTS, 3)), atol=1e-9)
    width = np.linalg.norm(found[0][:, MOUTH_CORNERS[0]] - found[0][:, MOUTH_CORNERS[1]], axis=1)
    assert (np.diff(width) > 0).all()
    twice = smiles_from(mesh, known, modes, 1, 0.5, 2 * FRAMES - 1)
    way = found[0, :, MOUTH_CORNERS[0]] - mesh[MOUTH_CORNERS[0]]
    np.testing.assert_allclose(twice[0, ::2, MOUTH_CORNERS[0]] - mesh[MOUTH_CORNERS[0]], way / 2, atol=1e-6)
    assert (smiles_from(mesh, known, modes, 1, 0.0, 3) == mesh).all()


def test_the_expression_sets_the_time(known):
    """One opens evenly, the other with the square of the time."""
    even, late = known["curves"][:, 0]
    np.testing.assert_allclose(even, np.linspace(0, 1, FRAMES), atol=0.02)
    np.testing.assert_allclose(late, np.linspace(0, 1, FRAMES) ** 2, atol=0.02)


def test_modes_differ_in_kind_and_not_in_amplitude(known):
    mean = known["weights"][:2].mean(axis=0) @ known["components"]
    amplitude = amplitude_of(mean, known["components"])
    modes = modes_of(known["ways"], 3, turn=0.4)
    np.testing.assert_allclose(modes @ amplitude, 0, atol=1e-9)
    moves = (modes @ known["components"]).reshape(3, POINTS, 3)
    opened = moves[:, LOWER_LIP, 1].mean(axis=1) - moves[:, UPPER_LIP, 1].mean(axis=1)
    assert np.ptp(opened) > 0.03, "lips part and close: the way in which the made people differ"


def test_time_courses_of_equal_paths(rng):
    ends, share = rng.normal(1, 0.3, (9, 1, 4)), np.linspace(0, 1, 6)[:, None] ** 2
    np.testing.assert_allclose(time_courses(ends * share), np.broadcast_to(share.T, (4, 6)), atol=1e-9)


def test_lips_meet_where_they_would_pass_through_each_other(known):
    mesh = known["mean"].copy()
    mesh[list(UPPER_LIP), 1] = 1.0
    mesh[list(LOWER_LIP), 1] = np.where(np.arange(len(LOWER_LIP)) % 2, 1.2, 0.9)
    closed = closed_at_most(mesh)
    gap = closed[list(LOWER_LIP), 1] - closed[list(UPPER_LIP), 1]
    np.testing.assert_allclose(gap, np.where(np.arange(len(LOWER_LIP)) % 2, 0.2, 0), atol=1e-12)


def test_thin_lips_do_not_lie_before_their_inner_rim(known):
    mesh, rows = known["mean"].copy(), ((UPPER_LIP, LOWER_LIP), *WITHIN_LIPS)
    for number, (upper, lower) in enumerate(rows):  # half a hundredth each, and two hundredths through each other
        mesh[list(upper), 1], mesh[list(lower), 1] = 1.02 - 0.005 * number, 1.0 + 0.005 * number
    closed = closed_at_most(mesh)
    down = np.array([closed[list(row), 1] for row in [pair[0] for pair in rows[::-1]] + [pair[1] for pair in rows]])
    assert (np.diff(down, axis=0) > -1e-12).all()


def test_no_pixel_comes_from_farther_than_a_point_has_moved(known, photograph):
    """Of shut eyes, whose triangles are flat: the plane through such a triangle says anything."""
    picture, face = photograph
    mesh = face.mesh[:POINTS].astype(float)
    for closure in (0.9, 1.0):
        shut = blinked(mesh, closure)
        height, width = picture.shape[:2]
        x, y = maps_between(shut, mesh, known["triangles"], width, height)
        far = np.hypot(x - np.arange(width), y - np.arange(height)[:, None]).max()
        assert far <= np.sqrt(2) * np.abs(shut - mesh)[:, :2].max() + 1e-3


def test_a_face_that_does_not_move_is_the_same(known, photograph):
    picture, face = photograph
    mesh = face.mesh[:POINTS].astype(float)
    maps = maps_between(mesh, mesh, known["triangles"], *picture.shape[1::-1])
    np.testing.assert_array_equal(bend(picture, maps), picture)


def test_a_moved_face_is_found_where_it_was_moved_to(known, photograph, tracker):
    picture, face = photograph
    mesh = face.mesh[:POINTS].astype(float)
    wanted = smiles_from(mesh, known, NONE, 0, 1.0, 2)[0, -1]
    seen = tracker.track(bend(picture, maps_between(wanted, mesh, known["triangles"], *picture.shape[1::-1])))
    corners = list(MOUTH_CORNERS)
    asked, got = wanted[corners, :2] - mesh[corners, :2], seen.mesh[corners, :2] - mesh[corners, :2]
    assert np.abs(asked).max() > 6
    np.testing.assert_allclose(got, asked, atol=0.5 * np.abs(asked).max())


def noisy_refiner(scale):
    torch.manual_seed(0)
    refiner = Refiner().eval()
    torch.nn.init.normal_(refiner.last.weight, std=scale)
    return refiner


def painter(known, photograph, refiner):
    picture, face = photograph
    matrix = align_sequence(face.points[None], 64)[0]
    return Painter(picture, face.mesh[:POINTS].astype(float), matrix, 64, known, refiner, torch.device("cpu"))


def test_outside_of_the_face_no_pixel_changes(known, photograph):
    picture, face = photograph
    mesh = face.mesh[:POINTS].astype(float)
    ways = smiles_from(mesh, known, NONE, 0, 1.5, 3)[0]
    frames = np.stack([*painter(known, photograph, noisy_refiner(1.0)).paint(ways)])
    hull = np.zeros(picture.shape[:2], np.uint8)
    cv2.fillConvexPoly(hull, cv2.convexHull(np.round(mesh[:, :2]).astype(np.int32)), 1)
    hull = cv2.dilate(hull, np.ones((3, 3), np.uint8))
    np.testing.assert_array_equal(frames[:, hull == 0], np.broadcast_to(picture[hull == 0], (3, (hull == 0).sum(), 3)))
    assert (frames[-1] != picture).any()
    np.testing.assert_array_equal(frames[0], picture, "a sequence begins with the photograph itself")


def test_frames_between_others_are_as_if_worked_out(photograph, monkeypatch):
    """With the weights inside the package, blinks and all."""
    picture, face = photograph
    _, generator = load_inside()
    matrix = align_sequence(face.points[None], generator.size)[0]

    def painted():
        films = generator.photograph(picture, face.mesh, matrix, Condition("spontaneous", 1.4), blinks=True)
        return np.stack([*in_threads(films)]).astype(int)

    quick = painted()
    monkeypatch.setattr("cmm.methods.cmm_mesh.painting.BETWEEN", -1.0)
    exact = painted()
    left, top = np.floor(face.mesh[list(OUTER_LIPS), :2].min(axis=0)).astype(int) - 10
    right, bottom = np.ceil(face.mesh[list(OUTER_LIPS), :2].max(axis=0)).astype(int) + 10
    different = np.abs(quick - exact).mean(axis=(2, 3, 4))
    assert 0 < different.max() < 0.1
    assert np.abs(quick - exact)[:, :, top:bottom, left:right].mean(axis=(2, 3, 4)).max() < 0.6, "grey levels"
    assert (different[:, [0, -1]] == 0).all()
    monkeypatch.setattr("cmm.methods.threads.ThreadPoolExecutor", lambda count, **more: ThreadPoolExecutor(1, **more))
    np.testing.assert_array_equal(painted(), exact, "one core gives the same pictures as several")


def test_frames_between_others_lie_on_the_line_between_them():
    meshes = np.zeros((9, 5, 3))
    meshes[:, 0, 0] = FAR * np.array([0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.25, 1.25, 4.0])  # even, too far, still, quick
    keys = keys_of(meshes)
    assert keys.tolist() == [0, 4, 5, 7, 8]
    np.testing.assert_allclose([*between(keys, meshes[keys])], meshes)
    bent = meshes[:3] + BETWEEN * np.array([0, 1.1, 0])[:, None, None]
    assert keys_of(bent).tolist() == [0, 1, 2]
    assert keys_of(meshes[:1]).tolist() == [0]
    assert keys_of(meshes[:2]).tolist() == [0, 1]


def test_a_photograph_of_any_size_is_painted_alike(known, photograph):
    """The way over an enlarged grid, and the one over every pixel, differ by less than a JPEG does."""
    picture, face = photograph
    large = cv2.resize(picture, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC)
    mesh = face.mesh[:POINTS].astype(float)
    refiner, frames = noisy_refiner(0.05), []
    for image, scale in ((picture, 1), (large, 3)):
        own = (mesh + (0.5, 0.5, 0)) * scale - (0.5, 0.5, 0)
        matrix = align_sequence(((face.points + 0.5) * scale - 0.5)[None], 64)[0]
        made = Painter(image, own, matrix, 64, known, refiner, torch.device("cpu"))
        frames.append([*made.paint(smiles_from(own, known, NONE, 0, 1.0, 2)[0])][-1])
    small = cv2.resize(frames[1], picture.shape[1::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(small.astype(int) - frames[0]).mean() < 1


@pytest.mark.parametrize(("scale", "raised"), [(1, 0.0), (1.5, 0.5), (2, 1.0), (3, 1.0)])
def test_detail_is_raised_where_it_is_enlarged_and_only_there(known, photograph, scale, raised, monkeypatch):
    picture, face = photograph
    large = cv2.resize(picture, None, fx=scale, fy=scale)
    own = (face.mesh[:POINTS].astype(float) + (0.5, 0.5, 0)) * scale - (0.5, 0.5, 0)
    still = np.array([[1 / scale, 0, -64], [0, 1 / scale, -64]])  # an aligned face that is not turned

    def enlarged(mouth):
        made = Painter(large, own, still, 64, known, noisy_refiner(0.0), torch.device("cpu"))
        x, y = np.floor(made.to_box[:, 2]).astype(int)
        return made._enlarged(mouth, np.s_[y + 6 : y + round(34 * scale), x + 6 : x + round(34 * scale)])

    flat = np.full((40, 40, 3), 90, np.float32)
    edge = flat + cv2.GaussianBlur(np.repeat([[0, 60]], 20, axis=1).astype(np.float32), (0, 0), 1.5)[0][:, None]
    np.testing.assert_allclose(enlarged(flat), 90, atol=1e-3)
    sharp = enlarged(edge)
    monkeypatch.setattr("cmm.methods.cmm_mesh.painting.SHARPER", 0.0)
    gain = np.diff(sharp, axis=1).max() / np.diff(enlarged(edge), axis=1).max()
    assert gain == 1 if not raised else 1 + 0.2 * raised < gain < 1 + raised
    assert sharp.min() > edge.min() - 1, "an outline that shines"
    assert sharp.max() < edge.max() + 1
    assert np.ptp(sharp, axis=-1).max() < 1e-3, "grey stays grey"


def test_teeth_that_show_keep_their_colours(known, photograph):
    """A refiner that would paint all green changes the brightness alone of what shows between parted lips."""
    picture, mesh = photograph[0].copy(), photograph[1].mesh[:POINTS].astype(float)
    mesh[list(LOWER_LIP), 1] += 8
    inside = mouth_masks(mesh, *picture.shape[1::-1])[..., 0] > 250
    picture[inside] = (200, 190, 170)
    refiner = Refiner().eval()
    with torch.no_grad():
        refiner.last.bias[:] = torch.tensor([-0.4, 0.4, -0.4]).repeat_interleave(4)  # pixels come in squares of four
    face = replace(photograph[1], mesh=mesh.astype(np.float32))
    way = smiles_from(mesh, known, NONE, 0, 1.0, 2)[0]
    made = [*painter(known, (picture, face), refiner).paint(way)][-1].astype(int)
    core = cv2.erode(mouth_masks(way[-1], *picture.shape[1::-1])[..., 0], np.ones((5, 5))) > 250
    assert core.sum() > 50

    def greener(frame, before):
        red, green, blue = frame[core].mean(axis=0) - before
        return green - (red + blue) / 2

    assert abs(greener(made, (200, 190, 170))) < 5
    closed = [*painter(known, photograph, refiner).paint(way)][-1].astype(int)
    assert greener(closed, photograph[0][core].mean(axis=0)) > 50, "between closed lips it is believed"


@pytest.mark.parametrize("tone", [(255, 255, 255), (255, 225, 180)], ids=["grey", "sepia"])
def test_a_picture_without_colours_gets_none(known, photograph, tone):
    grey = cv2.cvtColor(photograph[0], cv2.COLOR_RGB2GRAY)[..., None] / 255
    picture = np.round(grey * tone).astype(np.uint8)
    mesh = photograph[1].mesh[:POINTS].astype(float)
    way = smiles_from(mesh, known, NONE, 0, 1.0, 2)[0]
    made = [*painter(known, (picture, photograph[1]), noisy_refiner(1.0)).paint(way)]
    changed = (made[-1] != picture).any(axis=2)
    colours = made[-1][changed].astype(float)
    assert len(colours) > 1000
    np.testing.assert_allclose(colours, np.outer(colours[:, 0] / tone[0], tone), atol=6)


def test_the_colours_of_a_face_are_kept_as_such(photograph):
    assert tones_of(photograph[0]) is None
    assert tones_of((photograph[0] * 0.3).astype(np.uint8)) is None


def test_the_person_between_two_is_both_at_the_ends(known, photograph):
    picture, face = photograph
    mesh = face.mesh[:POINTS].astype(float)
    moves = (known["weights"][0] @ known["components"]).reshape(POINTS, 3)
    smiling = mesh + pose_of(mesh, known["mean"]).to_picture(moves)
    bent = bend(picture, maps_between(smiling, mesh, known["triangles"], *picture.shape[1::-1]))
    one, two = (Smile(p, q, mesh, smiling, moves) for p, q in ((picture, bent), (255 - picture, 255 - bent)))
    half = average(one, two, 0.5, known)
    assert np.abs(half.neutral.astype(int) - 127).max() <= 1
    start = average(one, two, 0.0, known)
    np.testing.assert_array_equal(start.neutral, one.neutral)
    np.testing.assert_allclose(start.mesh, smiling, atol=1e-9)
    mouths = mouths_of([one, half], known)
    assert np.abs(mouths.bent[0].astype(int) - mouths.true[0]).mean() < 1, "bent as the picture truly is"


def test_the_refiner_begins_as_the_warp(rng):
    arrays = rng.integers(0, 255, (2, 20, 20, 6), np.uint8), rng.integers(0, 255, (2, 20, 20, 2), np.uint8)
    moves, edges = np.zeros((2, 20, 20, 2), np.float16), np.zeros((2, 20, 20), np.float32)
    given = to_network(arrays[0][..., :3], arrays[0][..., 3:], arrays[1], moves, edges, edges)
    assert given.shape == (2, 12, 20, 20)
    assert (Refiner()(given) == 0).all()


def test_lips_are_coloured_anew_and_teeth_are_lit_alone():
    given = torch.cat([torch.full((512, 6, 16, 16), -0.6), torch.zeros(512, 6, 16, 16)], dim=1)
    given[:, 7, :, 3:13] = 1  # the mouth, the same when mirrored
    given[:, 6, :, 6:10] = 1  # the inner one
    batch = Batch(np.arange(512), EpochGenerators.of(1, 0))
    closed = torch.arange(512) >= 256
    made, true = vary(given.clone(), torch.full((512, 3, 16, 16), -0.6), closed, batch)
    inner, mouth = (made[:, i : i + 1].expand_as(true) > 0 for i in (6, 7))
    torch.testing.assert_close(true[~inner], made[:, :3][~inner])
    torch.testing.assert_close(made[:, 3:6], made[:, :3], msg="the neutral face, too")
    teeth, skin = (true[part].reshape(512, 3, -1) for part in (inner, ~mouth))
    torch.testing.assert_close(teeth, skin[..., :1].expand_as(teeth))
    colour = ((made[:, :3] + 1) / (true + 1)).log()[inner].reshape(512, 3, -1)[..., 0]
    assert (colour[~closed].abs() < 1e-5).all(), "what shows between parted lips is seen as it is"
    colour = colour[closed]
    assert ((colour.std(dim=0) > 0.2) & (colour.std(dim=0) < 0.3)).all()
    np.testing.assert_allclose(np.corrcoef(colour.T), np.eye(3), atol=0.15, err_msg="red lips, not only bright ones")


def test_teeth_are_told_whatever_the_light(rng):
    """Edges are those of the brightness alone: half the light, or another tint, changes none."""
    face = rng.integers(60, 200, (40, 40, 3)).astype(np.uint8)
    inner = np.zeros((40, 40), np.uint8)
    inner[12:28, 6:34] = 255
    edges = edges_of(face, inner, 64)
    assert (edges[inner == 0] == 0).all()
    assert edges[inner > 0].std() > 0.1
    np.testing.assert_allclose(edges_of((face // 2 * 2) // 2, inner, 64), edges, atol=0.05)
    flat = np.full((40, 40, 3), 180, np.uint8)
    np.testing.assert_allclose(edges_of(flat, inner, 64), 0, atol=1e-5)


@pytest.mark.parametrize("angles", [(0, 0, 0), (5, 20, 12)])
def test_a_plate_comes_back_to_where_it_was_taken(known, rng, angles):
    """Into the head's frame and out again, in a turned head too; and the middle of the lips is the plate's."""
    turn = Rotation.from_euler("xyz", angles, degrees=True).as_matrix()
    mesh = 90 * known["mean"] @ turn.T + 100
    origin = mesh[[13, 14], :2].mean(axis=0).round() - 80
    placed = place(mesh, known["mean"], origin)
    middle = mesh[[13, 14], :2].mean(axis=0) - origin
    np.testing.assert_allclose(placed @ [(WIDTH - 1) / 2, (HEIGHT - 1) / 2, 1], middle, atol=1e-6)
    inner = np.zeros((160, 160), np.uint8)
    cv2.circle(inner, tuple(np.round(middle).astype(int)), 12, 255, -1)
    edges = cv2.GaussianBlur(rng.normal(0, 2, (160, 160)), (0, 0), 3).astype(np.float32) * (inner > 0)
    back, there = shown(plate_of(edges, inner, placed), placed, 160)
    inside = cv2.erode(inner, np.ones((5, 5))) > 0
    assert (there[inside] > 0.95).all()
    np.testing.assert_allclose(back[inside], edges[inside], atol=0.05)
    assert (there[cv2.dilate(inner, np.ones((7, 7))) == 0] == 0).all()


def test_plates_are_of_different_people_and_the_widest_come_first():
    plates = np.zeros((5, HEIGHT, WIDTH, 2), np.uint8)
    for i, rows in enumerate((10, 20, 5, 0, 12)):
        plates[i, :rows, :, 1] = 255
    chosen = brightest(plates, np.array([100.0, 100, 100, 100, 100]), np.array(["a", "a", "b", "c", "d"]), 4)
    assert [int((plate[:, 0, 1] > 0).sum()) for plate in chosen] == [20, 12, 5]


def test_who_shows_teeth_already_is_given_nobody_elses(known, photograph):
    picture, face = photograph
    plates = np.full((1, HEIGHT, WIDTH, 2), 255, np.uint8)
    arrays, matrix, given = known | {"teeth": plates}, align_sequence(face.points[None], 64)[0], []
    for gap in (0, 20):
        mesh = face.mesh[:POINTS].astype(float)
        mesh[14] = mesh[13] + (0, gap, 0)
        given.append(Painter(picture, mesh, matrix, 64, arrays, Refiner(), torch.device("cpu")).teeth[1].max())
    assert given == [1, 0]


def test_lids_meet_and_nothing_else_moves_far(known):
    mesh = known["mean"]
    shut = blinked(np.stack([mesh, mesh]), np.array([0.0, 1.0]))
    np.testing.assert_array_equal(shut[0], mesh)
    np.testing.assert_allclose(shut[1, UPPER], shut[1, LOWER], atol=1e-12)
    moved = np.abs(shut[1] - mesh).max(axis=1) > 0
    assert moved.sum() == 42
    assert not moved[[33, 133, 263, 362]].any(), "the corners of the eyes"


@pytest.mark.parametrize(("frames", "blinks"), [(8, 0), (16, 1), (32, 1), (100, 2), (1024, 21)])
def test_blinks_are_whole_and_as_many_as_people_have(frames, blinks):
    for seed in range(20):
        closure = closures(frames, np.random.default_rng(seed))
        assert (closure == 1).sum() == blinks
        assert closure.sum() == pytest.approx(blinks * sum(COURSE))
        assert closure[0] == closure[-1] == 0


def test_a_seed_names_a_variation_of_the_modes_and_not_of_the_mean_smile(known, photograph, tmp_path):
    picture, face = photograph
    generator = saved(known, tmp_path)
    matrix = align_sequence(face.points[None], 64)[0]

    def ends(seed, **more):
        condition = Condition("posed", frames=2, seed=seed)
        return np.stack([film()[-1] for film in generator.photograph(picture, face.mesh, matrix, condition, **more)])

    plain, one, again, two = ends(None), ends(1), ends(1), ends(2)
    np.testing.assert_array_equal(one, again)
    np.testing.assert_array_equal(plain[0], one[0])
    assert (one[1:] != plain[1:]).any(axis=(1, 2, 3)).all()
    assert (one[1:] != two[1:]).any(axis=(1, 2, 3)).all()
    assert len(ends(1, modes=False)) == 1


def saved(known, folder):
    about = {"stage": "cmm.methods.cmm_mesh.cmm_mesh", "expressions": ["posed", "spontaneous"]}
    networks = {"shapes": SmileShapes.of(known, 64, 3), "refiner": Refiner()}
    save_networks(folder / "w.safetensors", networks, about)
    return load("cmm_mesh", [folder / "w.safetensors"])


def test_without_a_mesh_the_message_is_one_line(known, tmp_path):
    generator = saved(known, tmp_path)
    assert generator.modes == 3
    faces, mesh = np.zeros((1, 64, 64, 3), np.uint8), np.full((1, 478, 3), np.nan, np.float32)
    with pytest.raises(UserError, match="needs a mesh"):
        generator(Neutral(None, faces, mesh), [Condition("posed")])
    with pytest.raises(UserError, match="needs a mesh"):
        generator.photograph(faces[0], None, np.eye(2, 3), Condition("posed"))
    profile = known["mean"] @ Rotation.from_euler("y", 55, degrees=True).as_matrix().T
    with pytest.raises(UserError, match="the head is turned by 55 degrees: CMM-mesh bends faces turned by at most 40"):
        generator.photograph(faces[0], profile, np.eye(2, 3), Condition("posed"))
