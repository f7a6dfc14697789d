"""The service: `core` is general, `entities` and `functions` say what this app is about."""
