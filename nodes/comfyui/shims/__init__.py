"""What packs import by the names they know, written from the public contract: one file each."""
