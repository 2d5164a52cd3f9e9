"""Objects found in the frames of a video and followed through it: detectors, association, masks, files."""

from nesy.perception.tracking import grounding as _grounding  # registers the detectors
from nesy.perception.tracking import motion as _motion
from nesy.perception.tracking import torchvision as _torchvision
from nesy.perception.tracking.associate import Association as Association
from nesy.perception.tracking.associate import associate as associate
from nesy.perception.tracking.detections import Detections as Detections
from nesy.perception.tracking.detections import Detector as Detector
from nesy.perception.tracking.detections import LabelledTracks as LabelledTracks
from nesy.perception.tracking.detections import detectors as detectors

del _grounding, _motion, _torchvision
