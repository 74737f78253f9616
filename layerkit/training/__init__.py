"""Training: the passes of a batch, the epoch loop, history, callbacks and progress."""

from layerkit.training.callbacks import Callback, EarlyStopping, LearningRateSchedule, TerminateOnNaN
from layerkit.training.history import History

__all__ = ["Callback", "EarlyStopping", "History", "LearningRateSchedule", "TerminateOnNaN"]
