"""Objects followed by their masks with SAM 2, as transformers ships it; a detection starts it, its mask gives the box.

A box around the pixels of an object is steadier than a detector's, and the object is followed where the detector missed
it. Where mask and detection disagree (IoU below AGREE) the detection is believed: masks drift to what lies beside.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torchvision.ops import box_iou

from nesy.datasets.base import Tracks
from nesy.errors import CheckpointError
from nesy.perception.dual_encoder import directory_of, load_processor, load_weights, model_type
from nesy.perception.tracking.detections import LabelledTracks

AGREE = 0.3


class MaskTracker:
    """A SAM 2 video checkpoint."""

    def __init__(self, checkpoint: str, device: str = "auto") -> None:
        from transformers import Sam2VideoModel, Sam2VideoProcessor

        folder = directory_of(checkpoint)
        if model_type(folder) != "sam2_video":
            raise CheckpointError(f"{folder} holds a model of type {model_type(folder)!r}", expected=["sam2_video"])
        self.model: Any = load_weights(Sam2VideoModel, folder).float().eval()
        self.processor = load_processor(Sam2VideoProcessor, folder)
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        self.device = torch.device(device)
        self.model.to(self.device)

    @torch.no_grad()
    def masks(self, frames: NDArray[np.uint8], boxes: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Masks [T, N, H, W] of the objects that ``boxes`` [N, 4] surround in the first frame."""
        t, height, width = frames.shape[:3]
        session = self.processor.init_video_session(video=frames, inference_device=self.device)
        ids = list(range(len(boxes)))
        self.processor.add_inputs_to_inference_session(
            inference_session=session, frame_idx=0, obj_ids=ids, input_boxes=[boxes.tolist()]
        )
        out = np.zeros((t, len(boxes), height, width), bool)
        first = self.model(inference_session=session, frame_idx=0)
        for step in [first, *self.model.propagate_in_video_iterator(session)]:
            shown = self.processor.post_process_masks(
                [step.pred_masks], original_sizes=[[height, width]], binarize=True
            )[0]
            out[step.frame_idx] = shown[:, 0].cpu().numpy()
        return out


def boxes_of(masks: NDArray[np.bool_]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """The box of each mask [.., H, W]: [.., 4] in pixels and whether it has any pixel [..]."""
    rows, columns = np.asarray(masks.any(-1)), np.asarray(masks.any(-2))
    there = np.asarray(rows.any(-1))
    y0, x0 = rows.argmax(-1), columns.argmax(-1)
    y1 = rows.shape[-1] - rows[..., ::-1].argmax(-1)
    x1 = columns.shape[-1] - columns[..., ::-1].argmax(-1)
    boxes = np.stack([x0, y0, x1, y1], -1).astype(np.float32)
    return np.where(there[..., None], boxes, 0).astype(np.float32), there


def follow(frames: NDArray[np.uint8], found: LabelledTracks, checkpoint: str) -> LabelledTracks:
    """The same objects with the boxes of their masks, from the first to the last frame of each track.

    Objects that begin in the same frame share a pass of the network over the video.
    """
    tracks = found.tracks
    if not tracks.ids:
        return found
    tracker = MaskTracker(checkpoint)
    boxes = tracks.boxes.copy()
    begin = tracks.present.argmax(0)
    end = len(frames) - tracks.present[::-1].argmax(0)
    for first in sorted(set(begin.tolist())):
        group = np.flatnonzero(begin == first)
        last = int(end[group].max())
        seen, there = boxes_of(tracker.masks(frames[first:last], tracks.boxes[first, group]))
        for place, n in enumerate(group):
            for step in range(last - first):
                given = tracks.boxes[first + step, n]
                if not tracks.present[first + step, n] or not there[step, place]:
                    continue
                overlap = box_iou(torch.from_numpy(given)[None], torch.from_numpy(seen[step, place])[None])
                if float(overlap) >= AGREE:
                    boxes[first + step, n] = seen[step, place]
    return LabelledTracks(Tracks(boxes, tracks.present, tracks.ids), found.labels, found.scores)
