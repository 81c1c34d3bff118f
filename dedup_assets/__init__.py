"""Find and organize duplicate images in containers of millions, night after night.

To be read from `assets/`, the ten tables in their order, down to what each is made of (`stages/`), to the science of it
(`kernels/`) and to the edges of the world (`resources/`, `embedders/`). `definitions.py` puts all of it together.
"""
