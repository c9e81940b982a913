"""Model families: what their files look like and which modules they fill. It reads no tensor and knows no device."""
