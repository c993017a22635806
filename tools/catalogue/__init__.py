"""Reads the installed NeMo Guardrails and Presidio and turns them into the catalogue's data.

One module per question; ``tools/generate_catalogue.py`` joins the answers and writes the files.
Nothing here is part of the installed package: guardlint itself reads only the generated JSON.
"""
