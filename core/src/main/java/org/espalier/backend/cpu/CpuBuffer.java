package org.espalier.backend.cpu;

import org.espalier.backend.Buffer;

/** A run of a Java array. */
record CpuBuffer(float[] data, int offset, int size) implements Buffer {
  @Override
  public Buffer slice(int from, int length) {
    if (from < 0 || length < 0 || from + length > size) {
      throw new IndexOutOfBoundsException(
          "slice of " + length + " from " + from + " in a buffer of " + size);
    }
    return new CpuBuffer(data, offset + from, length);
  }

  /** What follows from {@code from} on. */
  CpuBuffer from(int from) {
    return new CpuBuffer(data, offset + from, size - from);
  }

  static CpuBuffer of(Buffer buffer) {
    return (CpuBuffer) buffer;
  }

  float get(int i) {
    return data[offset + i];
  }

  void set(int i, float value) {
    data[offset + i] = value;
  }

  /** Writes or adds. */
  void put(int i, float value, boolean add) {
    data[offset + i] = add ? data[offset + i] + value : value;
  }
}
