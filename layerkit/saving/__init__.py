"""Model files: plain states written and read; nothing here knows what a model is."""

from layerkit.saving.json_format import read_json, write_json

__all__ = ["read_json", "write_json"]
