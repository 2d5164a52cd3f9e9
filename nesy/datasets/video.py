"""Reading and writing mp4 files with PyAV; every failure names the file and the remedy."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from nesy.errors import DataError


def read_video(path: Path | str, expected_frames: int | None = None) -> NDArray[np.uint8]:
    """Decode every frame of a video.

    Args:
        path: any container that FFmpeg reads.
        expected_frames: refuse the file when it holds another number of frames.

    Returns:
        uint8 [T, H, W, 3], RGB.

    Raises:
        DataError: missing, empty, truncated or undecodable file, or an unexpected number of frames.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"video file {path} does not exist", hint="check the data folder, or make the dataset again")
    if path.stat().st_size == 0:
        raise DataError(f"video file {path} is empty", hint="copy or make the file again")
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise DataError(f"{path} holds no video stream", hint="give a file with a picture track")
            stream = container.streams.video[0]
            stream.thread_type = "SLICE"
            frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]
    except (av.error.FFmpegError, ValueError, OSError) as error:
        raise DataError(
            f"video file {path} cannot be decoded ({type(error).__name__}: {error}); it is probably truncated",
            hint="copy or make the file again",
        ) from error
    if not frames:
        raise DataError(f"video file {path} holds no frame", hint="copy or make the file again")
    if expected_frames is not None and len(frames) != expected_frames:
        raise DataError(
            f"video file {path} holds {len(frames)} frames, its metadata says {expected_frames}",
            hint="the file is truncated or belongs to another dataset: copy or make it again",
        )
    return np.stack(frames)


def video_rate(path: Path | str) -> float | None:
    """Frames a second as the container states it, None when it does not."""
    try:
        with av.open(str(path)) as container:
            rate = container.streams.video[0].average_rate
    except (av.error.FFmpegError, OSError, IndexError):
        return None
    return float(rate) if rate else None


def write_video(path: Path | str, frames: NDArray[np.uint8], fps: float, *, quality: int = 16) -> None:
    """Encode uint8 [T, H, W, 3] RGB as H.264 mp4, atomically and deterministically.

    ``quality`` is x264's constant rate factor (lower is better). Odd sides are padded by one repeated row or column,
    because 4:2:0 video has even sides; the reader of this package never writes odd sizes.

    Raises:
        DataError: wrong shape or type, or the file cannot be written.
    """
    path = Path(path)
    if frames.ndim != 4 or frames.shape[-1] != 3 or frames.dtype != np.uint8 or frames.shape[0] == 0:
        raise DataError(
            f"cannot write {path}: frames are {frames.dtype} {frames.shape}", expected=["uint8 [T, H, W, 3]"]
        )
    height, width = frames.shape[1:3]
    if height % 2 or width % 2:
        frames = np.pad(frames, ((0, 0), (0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    partial = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with av.open(str(partial), "w", format="mp4") as container:
            stream = container.add_stream("libx264", rate=Fraction(fps).limit_denominator(1001))
            stream.width, stream.height = frames.shape[2], frames.shape[1]
            stream.pix_fmt = "yuv420p"
            stream.thread_count = 1  # the same bytes on every machine, and no thread start-up for tiny clips
            # x264's macroblock tree reads uninitialised memory on small pictures: bytes would differ between runs
            stream.options = {"x264-params": "mbtree=0", "preset": "veryfast", "crf": str(quality), "tune": "animation"}
            for picture in frames:
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            container.mux(stream.encode())
        os.replace(partial, path)
    except (av.error.FFmpegError, OSError) as error:
        partial.unlink(missing_ok=True)
        raise DataError(f"cannot write video {path}: {error}", hint="check the free space and the folder") from error


def check_mp4(path: Path | str) -> None:
    """Walk the top-level boxes of an mp4 without decoding: cheap proof that the file is whole.

    Raises:
        DataError: the file is empty, cut short, or has no index (``moov``).
    """
    path = Path(path)
    size, position, kinds = path.stat().st_size, 0, set()
    with path.open("rb") as file:
        while position < size:
            file.seek(position)
            head = file.read(16)
            if len(head) < 8:
                break
            length, kind = int.from_bytes(head[:4], "big"), head[4:8]
            if length == 1:
                length = int.from_bytes(head[8:16], "big")
            elif length == 0:
                length = size - position
            if length < 8:
                break
            kinds.add(kind)
            position += length
    if position != size or b"moov" not in kinds:
        raise DataError(f"video file {path} is truncated or no mp4 ({size} bytes)", hint="copy or make the file again")
