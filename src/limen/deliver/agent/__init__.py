"""The device side of delivery: checks, downloads, tries, serves, rolls back. Device half only.

::

    clock     what time it can be, without trusting the device's clock
    trust     TUF and Uptane: bytes and memory -> new memory, or a refusal; no I/O (trust_tuf, trust_uptane)
    records   what a device remembers, and its form on the disk
    durable   the few operations on a disk that the store is made of
    store     content-addressed blobs and one record in two copies
    decide    (state of a line, event) -> (state, actions); no I/O
"""
