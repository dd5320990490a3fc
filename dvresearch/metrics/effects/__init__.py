"""What the models change: panels, whether an effect can be estimated, the estimate, what speaks against it."""
