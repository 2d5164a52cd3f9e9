"""Reading and writing mp4 files with PyAV; every failure names the file and the remedy."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

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
            f"video file {path} cannot be decoded ({_why(error)}); it is probably truncated",
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


NEAR = 64  # frames; a start nearer than this to the beginning is not worth a seek


def read_frames(path: Path | str, picks: Sequence[int]) -> NDArray[np.uint8]:
    """Decode some frames of a video, or of a folder of pictures in the order of their names.

    Args:
        path: a video file, or a folder of .png/.jpg files.
        picks: frame numbers from 0, rising; repeated numbers are allowed.

    Returns:
        uint8 [len(picks), H, W, 3], RGB.

    Raises:
        DataError: missing, truncated or undecodable file, or a frame number beyond the end.
    """
    path = Path(path)
    if not picks:
        raise DataError(f"no frame of {path} is asked for")
    if path.is_dir():
        return _read_pictures(path, picks)
    if not path.is_file():
        raise DataError(f"video file {path} does not exist", hint="check the data folder")
    wanted = set(picks)
    try:
        got = _decode(path, wanted, seek=picks[0] > NEAR)
        if wanted - got.keys() and picks[0] > NEAR:
            got = _decode(path, wanted, seek=False)  # time stamps that do not fit the rate: count frames instead
    except (av.error.FFmpegError, ValueError, OSError) as error:
        raise DataError(
            f"video file {path} cannot be decoded ({type(error).__name__}: {error}); it is probably truncated",
            hint="copy the file again",
        ) from error
    missing = sorted(wanted - got.keys())
    if missing:
        raise DataError(
            f"video file {path} has no frame {missing[0]}",
            hint="the file is truncated, or the annotations belong to another version of it",
        )
    return np.stack([got[k] for k in picks])


def _why(error: Exception) -> str:
    """What FFmpeg or the system says, without its number and the path that is named already."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _decode(path: Path, wanted: set[int], seek: bool) -> dict[int, NDArray[np.uint8]]:
    """The wanted frames by number; with ``seek``, numbers are told from the time stamps of a constant-rate file."""
    got: dict[int, NDArray[np.uint8]] = {}
    with av.open(str(path)) as container:
        if not container.streams.video:
            raise DataError(f"{path} holds no video stream", hint="give a file with a picture track")
        stream = container.streams.video[0]
        stream.thread_type = "SLICE"
        rate, base = stream.average_rate, stream.time_base
        timed = seek and rate and base and rate == stream.base_rate
        start = stream.start_time or 0
        if timed:
            container.seek(start + int(min(wanted) / rate / base), stream=stream)
        last = max(wanted)
        for count, frame in enumerate(container.decode(stream)):
            number = count
            if timed:
                if frame.pts is None:
                    return {}
                number = round((frame.pts - start) * base * rate)
            if number in wanted:
                got[number] = frame.to_ndarray(format="rgb24")
            if number >= last:
                break
    return got


PICTURES = (".png", ".jpg", ".jpeg")


@lru_cache(maxsize=256)
def pictures(folder: Path) -> tuple[Path, ...]:
    """The pictures of a folder, one a frame, in the order of their names."""
    return tuple(sorted(p for p in folder.iterdir() if p.suffix.lower() in PICTURES))


def _read_pictures(folder: Path, picks: Sequence[int]) -> NDArray[np.uint8]:
    files = pictures(folder)
    if picks[-1] >= len(files):
        raise DataError(f"{folder} holds {len(files)} pictures, frame {picks[-1]} is asked for")
    out = []
    for k in picks:
        try:
            with Image.open(files[k]) as picture:
                out.append(np.asarray(picture.convert("RGB")))
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            raise DataError(f"{files[k]} cannot be decoded ({error})", hint="copy or extract the file again") from error
    if len({x.shape for x in out}) > 1:
        raise DataError(f"the pictures of {folder} have different sizes", hint="extract the frames again")
    return np.stack(out)


@dataclass(frozen=True)
class Header:
    """What a container states: number of frames, frames a second, (width, height)."""

    frames: int
    fps: float
    size: tuple[int, int]


def read_header(path: Path | str) -> Header:
    """Number of frames, rate and size without decoding; frames are counted by their packets where not stated.

    Raises:
        DataError: missing, empty or unreadable file, or one that does not state its rate.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"video file {path} does not exist", hint="check the data folder")
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise DataError(f"{path} holds no video stream", hint="give a file with a picture track")
            stream = container.streams.video[0]
            if stream.codec_context is None:  # a codec that FFmpeg does not know, or a damaged name of one
                raise DataError(f"{path} is coded in a way that nobody knows", hint="copy the file again")
            rate = stream.average_rate or stream.guessed_rate
            count = stream.frames or sum(packet.size > 0 for packet in container.demux(stream))
            size = (stream.codec_context.width, stream.codec_context.height)
    except (av.error.FFmpegError, OSError) as error:
        raise DataError(
            f"video file {path} cannot be read ({_why(error)})", hint="is it a video? if so, copy it again"
        ) from error
    if not count:
        raise DataError(f"video file {path} holds no frame", hint="copy the file again")
    if not rate:
        raise DataError(f"video file {path} does not state its frame rate", hint="encode it again with ffmpeg -r RATE")
    return Header(int(count), float(rate), size)


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
        raise DataError(
            f"cannot write video {path}: {_why(error)}", hint="check the free space and the folder"
        ) from error


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
