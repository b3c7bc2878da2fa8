"""The device side of delivery: checks, downloads, tries, serves, rolls back. Device half only.

::

    clock     what time it can be, without trusting the device's clock
    trust     TUF and Uptane: bytes and memory -> new memory, or a refusal; no I/O (trust_tuf, trust_uptane)
    records   what a device remembers, and its form on the disk
    durable   the few operations on a disk that the store is made of
    store     content-addressed blobs and one record in two copies
    decide    (state of a line, event) -> (state, actions); no I/O (events)
    web       downloads over HTTP, resumed, between two rates (pace)
    places    where files come from: servers, folders, packs
    keys      the device's own key: a file, or a TPM behind the same interface
    obtain    an offer becomes a slot: the smallest delta that fits, else the full file
    slots     payloads and bundles of what is in the store
    gate      a release is tried in a process of its own (gate_child, verdict)
    serving   what answers, changed without losing a request
    updater   does what is decided; loop: its timetable; requests: wishes of a person
    reports   what the server is told; enrol: a device is made and made known
    settings  what a device is told; service: a socket for other programs; unit: for systemd
"""
