"""The composition root: settings, bootstrap (the only builder of adapters), asgi, jobs."""
