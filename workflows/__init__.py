"""Workflow documents, in files and in pictures. They know nothing of torch, models or HTTP."""
