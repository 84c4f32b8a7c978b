package org.espalier.backend;

/**
 * A run of float32 values in the memory of one {@link Backend}; only that back end reads or writes
 * it.
 */
public interface Buffer {
  /** Number of floats. */
  int size();

  /** The part of {@code length} floats from {@code offset}, sharing this memory. */
  Buffer slice(int offset, int length);
}
