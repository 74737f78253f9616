"""The stories of `layerkit demo`: each module computes rows and has a `tell()` that returns them as text."""
