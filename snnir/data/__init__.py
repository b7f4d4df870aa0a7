# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Calibration and test data: files of frames, recordings of events."""

from snnir.data.dataset import Dataset, balanced_subset
from snnir.data.mnist import load_mnist
from snnir.data.nmnist import Events, bin_events, list_recordings, load_nmnist, read_recording
from snnir.data.npz import load_npz
from snnir.data.saccade import CameraParameters, simulate
from snnir.data.saccade_dataset import load_saccade
from snnir.data.source import load_data

__all__ = [
    "CameraParameters",
    "Dataset",
    "Events",
    "balanced_subset",
    "bin_events",
    "list_recordings",
    "load_data",
    "load_mnist",
    "load_nmnist",
    "load_npz",
    "load_saccade",
    "read_recording",
    "simulate",
]
