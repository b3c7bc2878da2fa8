"""Deliver: signed, sealed, resumable, power-safe updates of bundles to devices.

Two sides share what this page fixes. The *device side* (the agent) checks, downloads, rebuilds, tries and rolls back;
the *repository side* (modules ``repo*``, ``publish*``, ``serve*``, ``delta_make*``, ``seal_make*``) makes the static
files it reads. Records and paths are in :mod:`limen.deliver.formats`; both sides import them from there.

**Words.** *Line*: one model as it evolves (``kws``); ``formats.LINE`` is its pattern. *Release*: one bundle of a line,
named by its *counter* (1, 2, 3 ... never used twice; a downgrade is a new counter with old contents). *Payload*: the
bytes of the release's .limen file. *Director*: says which release one device gets.

**Repository layout**, relative to one base URL or folder; plain files for any web server, object store or USB stick::

    image/metadata/N.root.json  timestamp.json  N.snapshot.json  N.targets.json  N.<line>.json
    image/targets/<line>/<counter>/<sha256>.full             the whole payload
    image/targets/<line>/<counter>/<sha256>.from-<base>      a delta; base: first 16 hex digits of its payload sha256
    director/N.root.json                                     one root chain for all devices
    director/<device>/timestamp.json  N.snapshot.json  N.targets.json

Both are TUF 1.0.x repositories with consistent snapshots (python-tuf >= 7.0.1, JSON metadata, Ed25519 keys). In the
image repository ``targets`` signs nothing itself and delegates each line to a role of the line's name, with the path
pattern ``<line>/*/*``, terminating. Target paths are ``<line>/<counter>/full`` and ``<line>/<counter>/from-<base>``;
the sha256 in the file names is that of the file as served (``hashes`` of the target). Every target has a ``custom``
field, whose member ``limen`` is a ``formats.Release``.

The director's timestamp, snapshot and targets of one device carry the member ``limen_device`` (the device's id) inside
``signed``: another device's metadata, signed by the same keys, is refused before anything of it is remembered. The
timestamps of both repositories carry ``limen_issued`` (seconds since 1970, UTC) there: what the device knows of the
time without trusting its clock. The director's targets have the path, length and hashes of the image repository's
``<line>/<counter>/full``, at most one per line; in ``custom`` a member ``limen``, a ``formats.Assignment``. A release
is installed only if both repositories agree on path, length, hashes, line, counter, payload digest and core digest, the
assignment names this device and its hardware, and the counter is not below the line's floor. Deltas need no
assignment: they rebuild the payload that was assigned, or they are thrown away.

**Encoding of a target**: what is served is ``seal(encode(payload))``; without a seal just ``encode(payload)``. A full
target is one zstd frame (window at most 8 MiB, content size in the frame header); a delta is the container below.

**Delta container**, little endian, applied by :mod:`limen.deliver.delta` with bounded memory. It is tensor-aware where
it is made; its reader only copies, adds and inserts::

    0   "LIMENDLT"  u32 format = 1  u32 length of the table as stored
    16  u64 base size  u64 output size
    32  sha256 of the base payload   64  sha256 of the output payload
    96  table: one zstd frame (at most 8 MiB when unpacked):
          u32 streams  u32 ranges  u32 operations
          streams     {u8 coding  u8 0  u16 ranges  u32 stored length  u64 length}  coding 0 raw, 1 zstd
          ranges      {u64 base offset  u64 length}  the prefixes of the streams, in the streams' order
          operations  {u8 code  u8 element  u16 0  u32 stream  u64 base offset  u64 length}
    ..  the streams' bytes as stored, in order, up to the end of the file

A zstd stream is one frame, compressed with the concatenation of its base ranges as raw prefix (patch-from) where it
has ranges; window and prefix are at most 8 MiB. Operations write the output from the first byte to the last:

    0 COPY   base[offset : offset + length]
    1 TAKE   the next ``length`` bytes of the stream
    2 ADD    base[offset : offset + length] plus a difference, the next ``length`` bytes of the stream; at most 4 MiB
    3 ZERO   ``length`` zeros

The difference of ADD is stored as byte planes: all first (lowest) bytes of the elements, then all second ones, and so
on. Elements: 0 ``u8`` (new - old modulo 256, one plane, not zigzagged); 1 ``u16``, 2 ``u32`` (new - old modulo 2^n,
zigzagged); 3 ``f16`` (also bfloat16), 4 ``f32`` (the same on ordered integers: a negative float's bits are inverted, a
positive one's sign bit is set). Length is a multiple of the element's size. At most 4 streams may be open at once: a
stream is open from its first byte taken to its last; each must be used up. The limits are ``formats.DeltaLimits``.

**Sealed file** (:mod:`limen.deliver.seal`; reading and writing, since the device seals again what it keeps)::

    0   "LIMENSEL"  u32 format = 1  u32 chunk size (plain bytes, 64 KiB by default)
    16  u64 plain size   24  32 random bytes of salt
    56  chunks: AES-256-GCM of ``chunk size`` bytes each (the last one shorter), each followed by its 16-byte tag

File key = HKDF-SHA256(content key, salt = salt, info = "limen seal 1\\0" + context + "\\0" + header bytes 0..24). Nonce
of chunk i = i as 11 bytes big endian, then 1 for the last chunk and 0 for the others. An empty file is one empty chunk.
Context is the TUF target path; of a file at rest it is ``rest/<payload sha256>``. The 32-byte content key belongs to
one release (its full target and all its deltas) and is wrapped for a device by HPKE base mode (RFC 9180:
DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM) with info = "limen wrap 1\\0" + device + "\\0" + line + "\\0" +
counter in decimal: 32 bytes encapsulation + 48 bytes, in base64 in ``Assignment.wrap``. Serving needs no key.

**Offline**: a .limenpack is a ZIP file (stored, not deflated) of the files above under the same relative names; the
director's part may hold one device or many. The agent reads it through the same code as a server.

**Reports and enrolment** (a door for the fleet server): ``POST <base>/enroll`` and ``POST <base>/report`` take and give
the JSON of ``formats.EnrolRequest``, ``formats.EnrolReply`` and ``formats.DeviceReport``; who may is told there.
"""
