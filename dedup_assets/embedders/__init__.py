"""Providers of image and prompt vectors, one a file, behind one protocol.

Read `protocol` first, then `chain`, which takes the first provider of `provider_settings` that can work: `open_clip`, `timm`,
`onnx`, `http`, `descriptor`, `dhash`; `prompts` for texts. What those with a torch model share is `torch_embedder`: `checkpoints`
finds the model, `batching` feeds it, `devices` spreads it. `server` offers any of them to other machines,
whose requests `sent_pictures` reads.
"""
