import struct

import cv2
import numpy as np
import pytest

from cmm.errors import UserError
from cmm.video import Unreadable, probe, read_frames, read_image, write_video


@pytest.fixture
def frames():
    ramp = np.linspace(0, 255, 64).astype(np.uint8)
    still = np.stack([np.tile(ramp, (64, 1))] * 3, axis=-1)
    return np.stack([np.roll(still, 2 * i, axis=1) for i in range(12)])


def test_round_trip(tmp_path, frames):
    path = tmp_path / "a.mp4"
    write_video(path, frames, 25)
    info = probe(path)
    assert (info.fps, info.frames, info.width, info.height) == (25, 12, 64, 64)
    read = list(read_frames(path))
    assert [index for index, _, _ in read] == list(range(12))
    np.testing.assert_allclose([time for _, time, _ in read], np.arange(12) / 25, atol=1e-6)
    assert np.abs(read[5][2].astype(int) - frames[5]).mean() < 6
    assert [index for index, _, _ in read_frames(path, 3, 6)] == [3, 4, 5]


def test_same_frames_same_bytes(tmp_path, clip, rng):
    """Whatever lay in the memory that the encoder gets: x264's AVX-512 code once read it."""
    videos = set()
    for _ in range(12):
        del [rng.integers(0, 255, size, np.uint8) for size in rng.integers(1000, 900_000, 60)][:]
        write_video(tmp_path / "a.mp4", clip[0], 25, crf=12)
        videos.add((tmp_path / "a.mp4").read_bytes())
    assert len(videos) == 1


def test_damaged_files_say_what_is_wrong(tmp_path, frames):
    empty, text, cut = (tmp_path / name for name in ("empty.mp4", "text.mp4", "cut.mp4"))
    empty.touch()
    text.write_text("this is no video")
    write_video(cut, frames, 25)
    cut.write_bytes(cut.read_bytes()[:900])
    for path, words in ((empty, "0 bytes"), (text, "not a readable video"), (cut, ".")):
        with pytest.raises(Unreadable, match=words):
            list(read_frames(path))


def test_folder_of_images_is_a_video(tmp_path, frames):
    folder = tmp_path / "trial"
    folder.mkdir()
    for i, frame in enumerate(frames[:4]):
        cv2.imwrite(str(folder / f"{i:03d}.png"), frame[..., ::-1])
    assert probe(folder).frames == 4
    read = list(read_frames(folder))
    np.testing.assert_array_equal([image for _, _, image in read], frames[:4])


def test_a_phones_rotation_is_undone(tmp_path, frames):
    """The container says: turn a quarter clockwise to show (ISO 14496-12, tkhd matrix)."""
    path = tmp_path / "phone.mp4"
    wide = np.concatenate([frames, frames[:, :, :32]], axis=2)
    write_video(path, wide, 25)
    data = bytearray(path.read_bytes())
    matrix = struct.pack(">9i", 0, 1 << 16, 0, -(1 << 16), 0, 0, wide.shape[1] << 16, 0, 1 << 30)
    at = data.index(b"tkhd") + 44
    data[at : at + 36] = matrix
    path.write_bytes(data)
    image = next(read_frames(path))[2]
    assert image.shape == (96, 64, 3)
    assert np.abs(image.astype(int) - np.rot90(wide[0], -1)).mean() < 6


def test_a_photographs_orientation_is_undone(tmp_path, frames):
    ok, data = cv2.imencode(".jpg", frames[0][:40, :, ::-1])
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    app1 = b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif
    (tmp_path / "a.jpg").write_bytes(data.tobytes()[:2] + app1 + data.tobytes()[2:])
    assert ok
    assert read_image(tmp_path / "a.jpg").shape == (64, 40, 3)


def test_a_playlist_is_no_video(tmp_path, frames):
    write_video(tmp_path / "a.mp4", frames, 25)
    (tmp_path / "a.m3u8").write_text(f"#EXTM3U\n#EXTINF:1,\n{tmp_path / 'a.mp4'}\n#EXT-X-ENDLIST\n")
    with pytest.raises(Unreadable):
        probe(tmp_path / "a.m3u8")


def test_images_that_are_links_to_elsewhere_are_refused(tmp_path, frames):
    cv2.imwrite(str(tmp_path / "secret.png"), frames[0])
    (tmp_path / "trial").mkdir()
    (tmp_path / "trial/a.png").symlink_to(tmp_path / "secret.png")
    with pytest.raises(UserError, match="outside"):
        probe(tmp_path / "trial")


def test_image(tmp_path, frames):
    cv2.imwrite(str(tmp_path / "a.png"), frames[0][..., ::-1])
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), frames[0])
    with pytest.raises(UserError, match="does not exist"):
        read_image(tmp_path / "b.png")
