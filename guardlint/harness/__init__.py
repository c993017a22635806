"""Scripted models: what tests, the demo and the evaluation talk to instead of a real one.

``brain`` decides the answers and knows nothing of NeMo, ``openai_server`` speaks them over HTTP on the
loopback interface, ``scripted`` gives them to NeMo in process (the only module here that imports it).
"""
