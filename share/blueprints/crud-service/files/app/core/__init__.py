"""What every record needs: checked input, storage, rules, HTTP. Nothing here knows an entity by name."""
