# Made by "go generate" from the tables that the codec runs. Do not edit.
meta:
  id: mdmf
  title: 'Tahoe-LAFS mutable file: MDMF share'
  license: MIT
  endian: be
doc: Offsets count from the start of the share. P(n) is the least power of two that is not below n.
doc-ref: mdmf.md
seq:
- id: version
  type: u1
  valid: 1
- id: sequence_number
  type: u8
- id: root_hash
  size: 32
- id: k
  type: u1
- id: 'n'
  type: u1
- id: segment_size
  type: u8
- id: data_length
  type: u8
- id: enc_privkey_offset
  type: u8
- id: share_hash_chain_offset
  type: u8
- id: signature_offset
  type: u8
- id: verification_key_offset
  type: u8
- id: verification_key_end
  type: u8
- id: share_data_offset
  type: u8
- id: block_hash_tree_offset
  type: u8
- id: eof
  type: u8
instances:
  enc_privkey:
    doc: 'Bytes: 1,214 to 1,219.'
    pos: enc_privkey_offset
    size: share_hash_chain_offset - enc_privkey_offset
  share_hash_chain:
    doc: 'Bytes: 34 × log₂ P(N).'
    pos: share_hash_chain_offset
    size: signature_offset - share_hash_chain_offset
    type: share_hash_chain
  signature:
    doc: 'Bytes: 256.'
    pos: signature_offset
    size: verification_key_offset - signature_offset
  verification_key:
    doc: 'Bytes: 294, in old files 292.'
    pos: verification_key_offset
    size: verification_key_end - verification_key_offset
  gap:
    doc: 'Bytes: up to byte 2,167.'
    pos: verification_key_end
    size: share_data_offset - verification_key_end
  share_data:
    doc: 'Bytes: per segment 16 + ⌈its length ÷ k⌉.'
    pos: share_data_offset
    size: block_hash_tree_offset - share_data_offset
    type: share_data
  block_hash_tree:
    doc: 'Bytes: 32 × (2 P(segments) − 1).'
    pos: block_hash_tree_offset
    size: eof - block_hash_tree_offset
    type: block_hash_tree
  trailing:
    doc: What an earlier, longer version left.
    pos: eof
    size-eos: true
  signed:
    doc: What the signature covers.
    pos: 0
    size: 59
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
  share_data:
    seq:
    - id: entries
      type: 'entry(_index + 1 < _parent.number_of_segments ? _parent.block_length : _parent.tail_block_length)'
      repeat: expr
      repeat-expr: _parent.number_of_segments
    types:
      entry:
        params:
        - id: length
          type: u8
        seq:
        - id: salt
          size: 16
        - id: block
          size: length
  block_hash_tree:
    seq:
    - id: entries
      type: entry
      repeat: eos
    types:
      entry:
        seq:
        - id: node_hash
          size: 32
