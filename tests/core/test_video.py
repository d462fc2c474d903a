import struct
import subprocess
import sys
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest
from PIL import Image

from cmm.core import video
from cmm.core.errors import UserError
from cmm.core.video import Unreadable, probe, read_chosen, read_frames, read_image, write_video


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


@pytest.mark.parametrize("width", [2, 62, 64, 66, 128, 254, 854, 1280])
def test_no_memory_beyond_a_frame_is_read(width):
    """FFmpeg reads whole vectors: the frame's last byte lies before a page that nobody may read."""
    code = f"""
import ctypes, mmap
import numpy as np
from cmm.core.video import lent
size, page = 8 * {width} * 3, mmap.PAGESIZE
room = mmap.mmap(-1, (-(-size // page) + 1) * page)
start = ctypes.addressof(ctypes.c_char.from_buffer(room))
end = len(room) - page
assert ctypes.CDLL(None).mprotect(ctypes.c_void_p(start + end), page, 0) == 0
frame = np.frombuffer(room, np.uint8, size, end - size).reshape(8, {width}, 3)
lent(frame).reformat(format="yuv420p").to_ndarray()
print("read")
import os; os._exit(0)
"""
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "read\n"


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


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("a.png", "RGBA"),
        ("a.png", "P"),
        ("a.jpg", "CMYK"),
        ("a.png", "I;16"),
        ("a.webp", "RGB"),
        ("a.gif", "P"),
        ("a.tif", "RGB"),
        ("a.bmp", "RGB"),
    ],
)
def test_photographs_of_all_kinds_are_read_alike(tmp_path, frames, name, mode):
    smooth = cv2.blur(frames[0], (9, 9))
    if mode == "I;16":
        Image.fromarray(smooth.mean(axis=2).astype(np.uint16) * 257).save(tmp_path / name)
        smooth = np.repeat(smooth.mean(axis=2, keepdims=True), 3, axis=2)
    else:
        Image.fromarray(smooth).convert(mode, palette=Image.Palette.ADAPTIVE).save(tmp_path / name)
    image = read_image(tmp_path / name)
    assert image.dtype == np.uint8
    assert np.abs(image - smooth.astype(float)).mean() < 6


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


ENCODINGS = {  # name of the file: (codec, options)
    "a.mp4": ("libx264", {"g": "12", "bf": "3", "sc_threshold": "0"}),
    "open_gop.mkv": ("libx264", {"g": "12", "bf": "3", "x264-params": "open-gop=1:scenecut=0"}),
    "one_key.mp4": ("libx264", {"g": "1000", "sc_threshold": "0"}),
    "all_keys.mov": ("mjpeg", {}),
    "a.avi": ("mpeg4", {"g": "10", "bf": "2"}),
    "a.webm": ("libvpx", {"g": "15", "deadline": "realtime"}),
    "a.ts": ("mpeg2video", {"g": "10", "bf": "2"}),
    "a.mpg": ("mpeg2video", {"g": "10", "bf": "2"}),
}


def encode(path, codec, options, count=90):
    """A video of noise that drifts, its frames at uneven times where the format can say so."""
    rng = np.random.default_rng(0)
    noise = cv2.resize(rng.integers(0, 255, (12, 12, 3), np.uint8), (64, 64), interpolation=cv2.INTER_CUBIC)
    uneven = path.suffix in (".mp4", ".mkv", ".webm")
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25, options=options)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.codec_context.time_base = Fraction(1, 100) if uneven else Fraction(1, 25)
        for i in range(count):
            frame = av.VideoFrame.from_ndarray(np.roll(noise, 3 * i, axis=1), format="rgb24")
            frame.pts = 4 * i + (i % 3) if uneven else i
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


@pytest.mark.parametrize("name", ENCODINGS)
def test_chosen_frames_are_those_of_reading_everything(tmp_path, name, rng, monkeypatch):
    path = tmp_path / name
    encode(path, *ENCODINGS[name])
    every = list(read_frames(path))
    times = [time for _, time, _ in every]
    decoded = []
    monkeypatch.setattr(video, "_decoded", counting(video._decoded, decoded))
    for wanted in ([0], [len(every) - 1], [40, 41, 42, 70], sorted(rng.choice(len(every), 12, replace=False))):
        decoded.clear()
        found = list(read_chosen(path, np.array(wanted), times))
        assert [index for index, _ in found] == list(wanted)
        assert all(np.array_equal(image, every[index][2]) for index, image in found)
        if path.suffix in (".mp4", ".mkv", ".mov", ".webm"):
            assert len(set(decoded)) == len(decoded), "each frame is decoded once"
            if name not in ("one_key.mp4",) and wanted == [40, 41, 42, 70]:
                assert len(decoded) <= 40, "the stretches between are skipped"


def counting(decode, seen):
    """`_decoded`, and the times of the frames that it gives."""

    def frames(*words):
        for frame in decode(*words):
            seen.append(frame.time)
            yield frame

    return frames


def test_frames_at_other_times_than_before_are_read_from_the_start(tmp_path):
    """Times that do not belong to the video are no reason to give other frames."""
    path = tmp_path / "a.mp4"
    encode(path, *ENCODINGS["a.mp4"])
    every = [image for _, _, image in read_frames(path)]
    for times in (np.zeros(90), np.arange(90) / 7, np.arange(90) * 0.0411):
        found = list(read_chosen(path, np.array([30, 60]), times))
        assert [index for index, _ in found] == [30, 60]
        assert all(np.array_equal(image, every[index]) for index, image in found)


def test_what_is_damaged_after_the_chosen_frames_does_not_matter(tmp_path):
    path = tmp_path / "a.mp4"
    encode(path, "libx264", {"g": "12", "bf": "0"})
    every = [image for _, _, image in read_frames(path)]
    whole = path.read_bytes()
    start, end = whole.index(b"mdat"), whole.index(b"moov") - 8
    middle = start + (end - start) * 2 // 3
    path.write_bytes(whole[:middle] + bytes(end - middle) + whole[end:])
    with pytest.raises(Unreadable):
        list(read_frames(path))
    for times in (np.arange(90) / 25, np.zeros(90)):
        (index, image), *others = read_chosen(path, np.array([20]), times)
        assert (index, others) == (20, [])
        assert np.array_equal(image, every[20])


def test_chosen_frames_of_a_video_that_ends_too_soon(tmp_path, frames):
    write_video(tmp_path / "a.mp4", frames, 25)
    assert [index for index, _ in read_chosen(tmp_path / "a.mp4", np.array([3, 30]), np.arange(40) / 25)] == [3]
