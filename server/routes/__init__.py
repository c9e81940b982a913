"""The native API, a file per subject: each declares its routes, `server.app` collects them."""
