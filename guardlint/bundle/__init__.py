"""Bundles: the container, the signature over it, the trust that it needs, and the checks of all three.

``container`` stores files as one deterministic archive, ``dsse`` signs and opens, ``keys`` and ``trust``
say who may sign, ``manifest`` says what a bundle must state about itself, ``seal`` makes a bundle and
``verify`` is the only way to read one.  Importing this package imports nothing.
"""
