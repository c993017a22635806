"""The rules, one file each: ``rules/<family>/<rule_id>.py``. The folder is the list of them."""
