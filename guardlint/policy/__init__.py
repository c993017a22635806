"""The central repository: policies, approved rails, tiers and the team file (DESIGN §5).

Documents are declarative YAML, validated by ``schemas/``; a typo is an error with file, line and column.
Policies extend one another and can only tighten.
"""
