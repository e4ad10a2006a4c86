# Made by "go generate" from the tables that the codec runs. Do not edit.
meta:
  id: sdmf
  title: 'Tahoe-LAFS mutable file: SDMF share'
  license: MIT
  endian: be
doc: Offsets count from the start of the share. P(n) is the least power of two that is not below n.
doc-ref: sdmf.md
seq:
- id: version
  type: u1
  valid: 0
- id: sequence_number
  type: u8
- id: root_hash
  size: 32
- id: iv
  size: 16
- id: k
  type: u1
- id: 'n'
  type: u1
- id: segment_size
  type: u8
- id: data_length
  type: u8
- id: signature_offset
  type: u4
- id: share_hash_chain_offset
  type: u4
- id: block_hash_tree_offset
  type: u4
- id: share_data_offset
  type: u4
- id: enc_privkey_offset
  type: u8
- id: eof
  type: u8
instances:
  verification_key:
    doc: 'Bytes: 294, in old files 292.'
    pos: 107
    size: signature_offset - 107
  signature:
    doc: 'Bytes: 256.'
    pos: signature_offset
    size: share_hash_chain_offset - signature_offset
  share_hash_chain:
    doc: 'Bytes: 34 × log₂ P(N).'
    pos: share_hash_chain_offset
    size: block_hash_tree_offset - share_hash_chain_offset
    type: share_hash_chain
  block_hash_tree:
    doc: 'Bytes: 32.'
    pos: block_hash_tree_offset
    size: share_data_offset - block_hash_tree_offset
  share_data:
    doc: 'Bytes: ⌈data length ÷ k⌉.'
    pos: share_data_offset
    size: enc_privkey_offset - share_data_offset
  enc_privkey:
    doc: 'Bytes: 1,214 to 1,219.'
    pos: enc_privkey_offset
    size: eof - enc_privkey_offset
  trailing:
    doc: What an earlier, longer version left.
    pos: eof
    size-eos: true
  signed:
    doc: What the signature covers.
    pos: 0
    size: 75
  number_of_segments:
    value: 'data_length == 0 ? 0 : (data_length - 1) / segment_size + 1'
  block_length:
    doc: Bytes that a share has of each segment but the last.
    value: segment_size / k
  tail_block_length:
    doc: Bytes that a share has of the last segment.
    value: 'data_length == 0 ? 0 : ((data_length - 1) % segment_size + k) / k'
types:
  share_hash_chain:
    seq:
    - id: entries
      type: entry
      repeat: eos
    types:
      entry:
        seq:
        - id: node_number
          type: u2
        - id: node_hash
          size: 32
