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


def test_same_frames_same_bytes(tmp_path, frames):
    write_video(tmp_path / "a.mp4", frames, 25)
    write_video(tmp_path / "b.mp4", frames, 25)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


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
    import cv2

    folder = tmp_path / "trial"
    folder.mkdir()
    for i, frame in enumerate(frames[:4]):
        cv2.imwrite(str(folder / f"{i:03d}.png"), frame[..., ::-1])
    assert probe(folder).frames == 4
    read = list(read_frames(folder))
    np.testing.assert_array_equal([image for _, _, image in read], frames[:4])


def test_image(tmp_path, frames):
    import cv2

    cv2.imwrite(str(tmp_path / "a.png"), frames[0][..., ::-1])
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), frames[0])
    with pytest.raises(UserError, match="does not exist"):
        read_image(tmp_path / "b.png")
