"""The repository side of :mod:`limen.deliver`: what signs, packs, seals and serves.

::

    keys      key files, public keys, rings of signers
    storage   where the public files are: a folder, or an object store
    workspace what the publisher keeps: settings, content keys, payloads, devices; one lock
    metadata  TUF metadata as values: made, signed, checked, loaded, written in a safe order
    roles     init, add-key, rotate, sign: who may sign what
    online    snapshot and timestamp of the image repository and of every director
    publish   a bundle becomes targets: full, deltas, bill of materials, provenance
    director  which release a device gets
    delta     the encoder of deltas; planes: differences as byte planes
    envelope  content keys, wraps per device, age for offline bundles
    documents CycloneDX and in-toto
    export    one file for a USB stick
    serve     the static files as an ASGI app; server: what runs it
    door      reports and enrolment; authority: certificates of devices
    images    firmware for boards beside a release; mcuboot: signed images; inplace: how a board applies a patch

Publishing sees plaintext; what is below ``public`` of a sealed line is ciphertext, metadata and documents, and serving
needs no key. Every public file is written beside, synced and renamed; ``timestamp.json`` last.
"""
