"""What RV32IM and ARMv6-M share: two input codes in a word, one MUL for both, as neither has packed arithmetic."""
