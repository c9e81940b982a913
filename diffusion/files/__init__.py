"""Model files as files: folders, headers, identities. It never imports torch, so a server or a check may read it."""
