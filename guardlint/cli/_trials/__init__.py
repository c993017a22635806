"""What ``guardlint test`` does: cases of rails, policies and configurations, tried, counted and told."""
