package org.espalier.data;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.espalier.InputException;

/** The bytes of a file, and the name to blame it by. */
@SuppressWarnings("ArrayRecordComponent") // bulk data: never compared
record DataFile(String name, byte[] bytes) {
  private static final byte[] GZIP = {0x1f, (byte) 0x8b};
  private static final byte[] XZ = {(byte) 0xfd, '7', 'z', 'X', 'Z'};

  /** Reads a file as it is, or what a gzipped file holds: its first bytes tell, not its name. */
  static DataFile read(Path file) {
    byte[] bytes;
    try {
      bytes = Files.readAllBytes(file);
    } catch (IOException e) {
      throw new InputException(file + ": cannot be read: " + InputException.reason(e), e);
    } catch (OutOfMemoryError e) {
      throw new InputException(file + ": too large to be read into memory", e);
    }
    return new DataFile(file.toString(), bytes).unpacked();
  }

  /** Reads a gzipped file that is shipped with the program. */
  static DataFile resource(String path) {
    try (InputStream in = DataFile.class.getResourceAsStream(path)) {
      if (in == null) {
        throw new IllegalStateException("the resource " + path + " is missing from this build");
      }
      return new DataFile("embedded " + path, in.readAllBytes()).unpacked();
    } catch (IOException e) {
      throw new IllegalStateException("the resource " + path + " cannot be read", e);
    }
  }

  /**
   * A path as a person writes it: {@code ~/} is expanded, which a shell does not do after a colon.
   */
  static Path path(String written) {
    try {
      return written.startsWith("~/")
          ? Path.of(System.getProperty("user.home"), written.substring(2))
          : Path.of(written);
    } catch (InvalidPathException e) {
      throw new InputException("'%s' is not a path: %s".formatted(written, e.getReason()), e);
    }
  }

  /** The folder that an argument names, which must be there. */
  static Path folder(String argument, String usage) {
    if (argument.isEmpty()) {
      throw new InputException("no folder given; write " + usage);
    }
    Path folder = path(argument);
    if (!Files.isDirectory(folder)) {
      throw new InputException(
          "%s: %s; %s wants a folder"
              .formatted(folder, Files.exists(folder) ? "is a file" : "no such folder", usage));
    }
    return folder;
  }

  /** The last name of a path, such as of a file in its folder. */
  static String lastName(Path path) {
    Path last = path.toAbsolutePath().normalize().getFileName();
    return last == null ? path.toString() : last.toString();
  }

  /** A complaint about this file. */
  InputException bad(String what) {
    return new InputException(name + ": " + what);
  }

  int length() {
    return bytes.length;
  }

  int unsignedByte(int offset) {
    return bytes[offset] & 0xff;
  }

  /** A big-endian 32-bit word. */
  int word(int offset) {
    return unsignedByte(offset) << 24
        | unsignedByte(offset + 1) << 16
        | unsignedByte(offset + 2) << 8
        | unsignedByte(offset + 3);
  }

  private boolean startsWith(byte[] magic) {
    return bytes.length >= magic.length
        && Arrays.equals(bytes, 0, magic.length, magic, 0, magic.length);
  }

  private DataFile unpacked() {
    if (startsWith(XZ)) {
      throw bad("is packed with xz; unpack it first: unxz -k FILE");
    }
    if (startsWith(GZIP)) {
      return new DataFile(name, gunzip());
    }
    if (name.endsWith(".gz")) {
      throw bad(
          "is not gzip: it starts with bytes %s, gzip starts with 1f 8b"
              .formatted(
                  bytes.length < 2
                      ? "that end too soon"
                      : "%02x %02x".formatted(bytes[0], bytes[1])));
    }
    return this;
  }

  private byte[] gunzip() {
    var unpacked = new ByteArrayOutputStream();
    try (var in = new GZIPInputStream(new ByteArrayInputStream(bytes), 1 << 16)) {
      in.transferTo(unpacked);
      return unpacked.toByteArray();
    } catch (EOFException e) {
      throw bad(
          "gzip data are cut short: %d bytes unpack to %d and then end"
              .formatted(bytes.length, unpacked.size()));
    } catch (ZipException e) {
      throw bad(
          "gzip data are damaged after %d unpacked bytes: %s"
              .formatted(unpacked.size(), InputException.reason(e)));
    } catch (IOException e) {
      throw bad("gzip data cannot be unpacked: %s".formatted(InputException.reason(e)));
    }
  }
}
