# Made by "go generate" from the tables that the codec runs. Do not edit.
meta:
  id: container
  title: 'Tahoe-LAFS mutable file: Container'
  license: MIT
  endian: be
  imports:
  - sdmf
  - mdmf
doc: The file that a storage server keeps around a share. Its offsets count from its own start.
doc-ref: container.md
seq:
- id: magic
  size: 32
  valid:
    any-of:
    - '[0x54, 0x61, 0x68, 0x6f, 0x65, 0x20, 0x6d, 0x75, 0x74, 0x61, 0x62, 0x6c, 0x65, 0x20, 0x63, 0x6f, 0x6e, 0x74, 0x61,
      0x69, 0x6e, 0x65, 0x72, 0x20, 0x76, 0x31, 0x0a, 0x75, 0x09, 0x44, 0x03, 0x8e]'
    - '[0x54, 0x61, 0x68, 0x6f, 0x65, 0x20, 0x6d, 0x75, 0x74, 0x61, 0x62, 0x6c, 0x65, 0x20, 0x63, 0x6f, 0x6e, 0x74, 0x61,
      0x69, 0x6e, 0x65, 0x72, 0x20, 0x76, 0x32, 0x0a, 0xc3, 0x55, 0x21, 0x99, 0x25]'
- id: node_id
  size: 20
- id: write_enabler
  doc: Secret.
  size: 32
- id: data_length
  type: u8
- id: extra_lease_offset
  type: u8
instances:
  leases:
    doc: 'Bytes: 4 × 92.'
    pos: 100
    size: 368
    type: leases
  share:
    doc: 'Bytes: data length.'
    if: data_length > 0
    pos: 468
    size: data_length
    type:
      switch-on: share_version
      cases:
        0: sdmf
        1: mdmf
  container_slack:
    doc: 'Bytes: up to the extra lease offset.'
    pos: 468 + data_length
    size: extra_lease_offset - (468 + data_length)
  extra_lease_count:
    doc: 'Bytes: 4.'
    pos: extra_lease_offset
    type: u4
  extra_leases:
    doc: 'Bytes: 92 × extra lease count.'
    pos: extra_lease_offset + 4
    size: extra_lease_count * 92
    type: leases
  container_version:
    doc: Version 1 has the secrets of leases, version 2 their BLAKE2b-256 hashes.
    value: 'magic == [0x54, 0x61, 0x68, 0x6f, 0x65, 0x20, 0x6d, 0x75, 0x74, 0x61, 0x62, 0x6c, 0x65, 0x20, 0x63, 0x6f, 0x6e,
      0x74, 0x61, 0x69, 0x6e, 0x65, 0x72, 0x20, 0x76, 0x31, 0x0a, 0x75, 0x09, 0x44, 0x03, 0x8e] ? 1 : 2'
  share_version:
    if: data_length > 0
    pos: 468
    type: u1
types:
  leases:
    seq:
    - id: entries
      type: entry
      repeat: eos
    types:
      entry:
        seq:
        - id: owner_number
          type: u4
        - id: expiry
          type: u4
        - id: renew_secret
          doc: Secret.
          size: 32
        - id: cancel_secret
          doc: Secret.
          size: 32
        - id: node_id
          size: 20
