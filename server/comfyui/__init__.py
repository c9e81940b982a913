"""The edge that speaks the public API of node engines, beside our own: existing clients and front ends work unmodified.

Nothing inside the server imports it; it uses the queue, the hub and the files like any other part. Every route exists
twice, bare and under ``/api``.
"""
