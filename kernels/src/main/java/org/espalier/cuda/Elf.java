package org.espalier.cuda;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The names of the libraries that a 64-bit ELF file needs, changed to others of the same length.
 * JCuda's natives name those of CUDA 12; where a machine has those of CUDA 13 only, they serve
 * under their name.
 */
final class Elf {
  private static final int SECTION_VERSIONS_NEEDED = 0x6ffffffe;

  private Elf() {}

  /**
   * The file with one name for the other: in its table of strings, and its hash in the list of the
   * versions that it needs.
   *
   * @throws IllegalArgumentException if the file is none, or the lengths differ
   */
  static byte[] rename(byte[] elf, String from, String to) {
    byte[] old = zeroTerminated(from);
    byte[] name = zeroTerminated(to);
    if (old.length != name.length) {
      throw new IllegalArgumentException(from + " and " + to + " differ in length");
    }
    byte[] changed = elf.clone();
    ByteBuffer file = ByteBuffer.wrap(changed).order(ByteOrder.LITTLE_ENDIAN);
    if (elf.length < 64 || file.getInt(0) != 0x464c457f || elf[4] != 2 || elf[5] != 1) {
      throw new IllegalArgumentException("no little-endian 64-bit ELF file");
    }
    for (int i = 0; i < (file.getShort(0x3c) & 0xffff); i++) {
      int section = section(file, i);
      if (file.getInt(section + 4) == SECTION_VERSIONS_NEEDED) {
        int strings = section(file, file.getInt(section + 0x28));
        replace(changed, offset(file, strings), size(file, strings), old, name);
        rehash(file, offset(file, section), file.getInt(section + 0x2c), hash(from), hash(to));
      }
    }
    return changed;
  }

  private static void replace(byte[] file, int start, int length, byte[] old, byte[] name) {
    for (int at = start; at + old.length <= start + length; at++) {
      boolean begins = at == start || file[at - 1] == 0;
      if (begins && Arrays.equals(file, at, at + old.length, old, 0, old.length)) {
        System.arraycopy(name, 0, file, at, name.length);
      }
    }
  }

  /** The versions needed are a list of files, each with a list of versions; all have a hash. */
  private static void rehash(ByteBuffer file, int start, int count, int old, int hash) {
    int need = start;
    for (int i = 0; i < count; i++) {
      int version = need + file.getInt(need + 8);
      for (int j = 0; j < (file.getShort(need + 2) & 0xffff); j++) {
        if (file.getInt(version) == old) {
          file.putInt(version, hash);
        }
        version += file.getInt(version + 12);
      }
      need += file.getInt(need + 12);
    }
  }

  private static int section(ByteBuffer file, int index) {
    return (int) file.getLong(0x28) + index * (file.getShort(0x3a) & 0xffff);
  }

  private static int offset(ByteBuffer file, int section) {
    return (int) file.getLong(section + 0x18);
  }

  private static int size(ByteBuffer file, int section) {
    return (int) file.getLong(section + 0x20);
  }

  private static byte[] zeroTerminated(String name) {
    return (name + "\0").getBytes(StandardCharsets.US_ASCII);
  }

  /** The hash function of the System V ABI. */
  static int hash(String name) {
    int hash = 0;
    for (byte each : name.getBytes(StandardCharsets.US_ASCII)) {
      hash = (hash << 4) + (each & 255);
      int high = hash & 0xf0000000;
      hash ^= high >>> 24;
      hash &= ~high;
    }
    return hash;
  }
}
